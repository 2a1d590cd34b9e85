// The link in a mail was pressed by a person: the form needs no second press. Scanners of mails run no script.
document.querySelector("form[data-stop]")?.requestSubmit();
