"""Bank account numbers: read, check, explain what is wrong."""

from dataclasses import dataclass

from schwifty import BIC, IBAN, registry
from schwifty.exceptions import (
    InvalidBankCode,
    InvalidBBANChecksum,
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    NationalChecksumNotVerified,
    SchwiftyException,
)

from cagnotte.domain.errors import InvalidRow


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """A number that is well formed and reachable by SEPA; `bic` is empty where the bank is not known."""

    iban: str
    bic: str

    @property
    def last4(self) -> str:
        """The end of the number, which may be shown."""
        return self.iban[-4:]


def check_account(iban: str, bic: str = "") -> CheckedAccount:
    """Check a number as it was typed; spaces and small letters are welcome.

    The country's own check digits are checked too, where it has any.

    Raises:
        InvalidRow: with the reason code iban_country, iban_length, iban_checksum, iban_invalid, iban_not_sepa or
            bic_invalid; the sentence never shows the whole number.
    """
    number = _read(iban)
    if not number.in_sepa_zone:
        raise InvalidRow(
            "iban_not_sepa",
            f"{_masked(iban)} is in a country outside SEPA ({number.country_code}).",
        )
    try:
        code = str(BIC(bic)) if bic.strip() else str(number.bic or "")
    except SchwiftyException:
        raise InvalidRow(
            "bic_invalid", f"“{bic}” is no BIC; it has 8 or 11 characters, such as COBADEFFXXX."
        ) from None
    return CheckedAccount(str(number), code)


def _read(iban: str) -> IBAN:
    shown = _masked(iban)
    try:
        try:
            return IBAN(iban, validate_bban=True)
        except NationalChecksumNotVerified:
            return IBAN(iban)
    except InvalidCountryCode:
        reason, sentence = (
            "iban_country",
            f"{shown} begins with a country code that does not exist.",
        )
    except InvalidLength:
        reason, sentence = "iban_length", f"{shown} is too short or too long for its country."
    except (InvalidChecksumDigits, InvalidBBANChecksum):
        reason, sentence = (
            "iban_checksum",
            f"{shown} fails its checksum: a digit is wrong, or two are swapped.",
        )
    except InvalidBankCode:
        reason, sentence = "iban_invalid", f"{shown} names a bank that does not exist."
    except SchwiftyException:
        reason, sentence = "iban_invalid", f"{shown} is no IBAN."
    raise InvalidRow(reason, sentence)


def _masked(iban: str) -> str:
    number = "".join(iban.split())
    return f"{number[:2]}…{number[-4:]}" if len(number) > 8 else "This number"  # noqa: PLR2004 - what may be shown


# ---- what may be said of an account -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Described:
    """A number that is in order, as its owner may see it while typing it.

    country: ISO 3166, two letters. bank: its name, "" where it is not known. bic: likewise.
    written: the number in groups of four.
    """

    country: str
    bank: str
    bic: str
    written: str


def describe(iban: str) -> Described:
    """Say what a number, as it was typed, tells of itself. Raises InvalidRow as `check_account`."""
    account = check_account(iban)
    number = IBAN(account.iban)
    try:
        bank = number.bank_name or ""
    except SchwiftyException:
        bank = ""
    return Described(number.country_code, bank, account.bic, number.formatted)


def length_of(country_code: str) -> int | None:
    """Return how many characters a number of this country has, None for a country that has none."""
    country = country_code.upper()
    if country not in registry.get_countries():
        return None
    return int(registry.get_iban_spec(country).iban_length)
