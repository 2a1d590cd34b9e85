// What the widgets say, in English and French. {name} stands for a fact.

const WORDS = {
  en: {
    earn: "Earn {amount}",
    basket: "This basket earns you {amount}",
    basketNothing: "This basket earns nothing yet",
    missing: "{missing} more, and you earn {extra} extra",
    missingUnit: "One more item, and you earn {extra} extra",
    missingUnits: "{units} more items, and you earn {extra} extra",
    balance: "My cagnotte",
    available: "Available",
    confirmed: "Confirmed",
    pending: "Pending",
    signIn: "Sign in to see your cagnotte",
    offers: "Cashback offers",
    see: "See the offer",
    seeOf: "See the offer of {shop}",
    open: "Open my cagnotte",
    noOffers: "No offers at the moment.",
    how: "How it works",
    close: "Close",
    dismiss: "Hide this message",
    thanksMember: "{amount} for your cagnotte",
    thanksVisitor: "{amount} are waiting for you",
    thanksSoon: "Pending until the shop has confirmed your order.",
    thanksOn: "Expected on {date}.",
    refer: "Share, and both gain",
    referBoth: "Your friend receives {friend}, and you {sponsor}.",
    referLink: "Your link",
    copy: "Copy",
    copied: "Copied",
    share: "Share",
  },
  fr: {
    earn: "Gagnez {amount}",
    basket: "Ce panier vous rapporte {amount}",
    basketNothing: "Ce panier ne rapporte encore rien",
    missing: "Plus que {missing} pour gagner {extra} de plus",
    missingUnit: "Plus qu’un article pour gagner {extra} de plus",
    missingUnits: "Plus que {units} articles pour gagner {extra} de plus",
    balance: "Ma cagnotte",
    available: "Disponible",
    confirmed: "Confirmé",
    pending: "En attente",
    signIn: "Se connecter pour voir sa cagnotte",
    offers: "Offres de cashback",
    see: "Voir l’offre",
    seeOf: "Voir l’offre de {shop}",
    open: "Ouvrir ma cagnotte",
    noOffers: "Aucune offre pour le moment.",
    how: "Comment ça marche",
    close: "Fermer",
    dismiss: "Masquer ce message",
    thanksMember: "{amount} pour votre cagnotte",
    thanksVisitor: "{amount} vous attendent", // codespell:ignore attendent
    thanksSoon: "En attente, jusqu’à ce que la boutique confirme votre commande.",
    thanksOn: "Prévu le {date}.",
    refer: "Partagez, vous gagnez tous les deux",
    referBoth: "Votre filleul reçoit {friend}, et vous {sponsor}.",
    referLink: "Votre lien",
    copy: "Copier",
    copied: "Copié",
    share: "Partager",
  },
};

/** The language of an element: its own `lang`, else that of what surrounds it, else the browser's. */
export function languageOf(element) {
  const told = element.closest("[lang]")?.getAttribute("lang") || navigator.language || "en";
  return told.toLowerCase().startsWith("fr") ? "fr" : "en";
}

/** A sentence with its facts filled in. */
export function say(language, key, facts = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}
