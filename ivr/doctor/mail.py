"""That notices reach staff: the mail server is spoken to, up to the recipients and no further."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ivr.clients.errors import ClientError, Refused, Untrusted
from ivr.clients.mail import MailTrial, SmtpMail, mail_of
from ivr.config import Config
from ivr.doctor.findings import CheckResult, fault, fine, warning


def check_mail(config: Config) -> Iterator[CheckResult]:
    """Try the mail server with the sender and the recipients of the settings; nothing is sent."""
    if config.notify_numbers and not config.sms_from:
        yield fault("text messages", "NOTIFY_NUMBERS is set, but SMS_FROM is not: no text is sent.", "Set SMS_FROM.")
    if config.notify_emails and not config.smtp_url:
        yield fault("mail", "NOTIFY_EMAILS is set, but SMTP_URL is not: mails are only printed.", "Set SMTP_URL.")
    mail = mail_of(config.smtp_url, config.mail_from)
    if not config.notify_emails or not isinstance(mail, SmtpMail):
        return
    if not config.mail_from:
        yield warning(
            "mail", f"MAIL_FROM is not set: mails come from {mail.sender}, which many servers refuse.",
            "Set MAIL_FROM to an address of the clinic.",
        )  # fmt: skip
    try:
        trial = mail.try_out(config.notify_emails)
    except ClientError as error:
        yield _no_dialogue(config.smtp_url, error)
        return
    yield from _judge(mail, trial, len(config.notify_emails))


def _no_dialogue(url: str, error: ClientError) -> CheckResult:
    parts = urlsplit(url)
    server = f"The mail server {parts.hostname}{f':{parts.port}' if parts.port else ''}"
    if isinstance(error, Untrusted):
        return fault(
            "mail", f"{server} is not trusted: {error}.",
            "Mend its certificate, name it as the certificate does, or let SSL_CERT_FILE name your own authority.",
        )  # fmt: skip
    if isinstance(error, Refused) and str(error).isdecimal():
        return fault(
            "mail", f"{server} refuses to let us in ({error}).", "Check user and password in SMTP_URL (535: they are "
            "wrong), and that the server takes mail from this machine.",
        )  # fmt: skip
    if isinstance(error, Refused):
        return fault("mail", f"{server} cannot be used: {error}.", "Use smtps://, or a server that offers STARTTLS.")
    if str(error).isdecimal():
        return fault("mail", f"{server} takes no mail now ({error}).", "Try again later; ask whoever runs it.")
    return fault(
        "mail", f"{server} does not answer as one ({error}).",
        "Check host and port in SMTP_URL (smtp:// is 587, smtps:// is 465), that it runs, and the firewall.",
    )  # fmt: skip


def _judge(mail: SmtpMail, trial: MailTrial, asked: int) -> Iterator[CheckResult]:
    if trial.sender:
        yield fault(
            "mail", f"The mail server refuses the sender {mail.sender} ({trial.sender}).",
            "Set MAIL_FROM to an address that it lets you send from.",
        )  # fmt: skip
    for address, code in trial.refused.items():
        if code >= 500:
            yield fault(
                "mail", f"The mail server refuses to deliver to {address} ({code}).",
                "Correct the address in NOTIFY_EMAILS, or let the server relay for this sender.",
            )  # fmt: skip
        else:
            yield warning(
                "mail", f"The mail server puts {address} off for now ({code}).",
                "Some do so once to whoever is new: try again in ten minutes.",
            )  # fmt: skip
    if not trial.sender and not trial.refused:
        yield fine("mail", f"The mail server takes mail for {'all ' if asked > 1 else ''}{asked} of NOTIFY_EMAILS.")
