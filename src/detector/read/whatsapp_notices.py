"""What WhatsApp itself writes into an export: placeholders, notices, marks of edits; in ar, en and fr.

Phrases are compared without Arabic diacritics, tatweel, invisible marks, case and a final dot. Where they
stand in a body is decided on the verbatim text.
"""

import re
from dataclasses import dataclass

from detector.read.whatsapp_headers import MARKS
from detector.records import Kind

LONGEST_NOTICE = 400
MARK = "\N{LEFT-TO-RIGHT MARK}"
"""What iPhones write before everything that is not the words of a person."""

_UNSEEN = {ord(char): None for char in MARKS} | dict.fromkeys(range(0x64B, 0x653)) | {0x640: None}
_ALIKE = {0xA0: " ", 0x202F: " ", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xAB: '"', 0xBB: '"'}
_FOLDING = _UNSEEN | _ALIKE

DELETED = frozenset(
    {
        "تم حذف هذه الرسالة",
        "لقد حذفت هذه الرسالة",
        "حذفت هذه الرسالة",
        "this message was deleted",
        "you deleted this message",
        "this message was deleted by admin",
        "ce message a été supprimé",
        "ce message a été effacé",
        "vous avez supprimé ce message",
        "vous avez effacé ce message",
    }
)

OMITTED = frozenset(
    {
        "<media omitted>",
        "<تم استبعاد الوسائط>",
        "<médias omis>",
        "<fichier omis>",
        "<view once voice message omitted>",
    }
)
"""Placeholders that carry their own brackets."""

OMITTED_KIND = re.compile(
    "<?(?:(?:image|picture|photo|video|video note|audio|sticker|gif|document|contact card|media) omitted"
    "|لم يتم إدراج (?:الصورة|المقاطع الصوتية|المقطع الصوتي|الفيديوهات|الفيديو|المستند|صورة gif|الملصق"
    "|الملصقات|بطاقة جهة اتصال|بطاقة جهة الاتصال|الوسائط)"
    "|تم حذف الملصقات|الصورة غير مشمولة|الفيديو غير مشمول|المقطع الصوتي غير مشمول|المستند غير مشمول"
    "|image absente|vidéo absente|audio omis|sticker omis|gif retiré|document manquant|photo absente"
    "|fiche contact manquante|carte de contact omise)>?"
)
"""Placeholders of iPhones, one for each kind of file."""

ATTACHED_TAG = re.compile(
    r"<(?:attached|الم\u064f?رفق|pièce jointe|fichier joint)\s?: (?P<name>[^<>\n]{1,255})>", re.IGNORECASE
)
ATTACHED_SUFFIX = re.compile(
    r"(?P<name>[^\n<>|]{1,250}\.[a-z0-9]{1,8}) "
    r"\((?:file attached|(?:ال)?ملف مرفق|fichier joint|pièce jointe)\)",
    re.IGNORECASE,
)

EDITED = re.compile(
    rf" ?{MARK}?<(?:this message was edited|ce message a été modifié|تم[ً-ْ]* تعديل هذه الرسالة)\.?>$",
    re.IGNORECASE,
)

CALL = re.compile(
    "(?:missed |silenced )?(?:group )?(?:voice|video) call"
    "(?:[,.] (?:no answer|[0-9٠-٩: ]{1,8} ?(?:secs?|mins?|hrs?|h)?|(?:tap|click) to call back))*"
    "|(?:لم يرد على )?مكالمة (?:صوتية|فيديو|مرئية)(?: جماعية)?(?: فائتة| لم يتم الرد عليها)?"
    "(?:[،,.] (?:لم يتم الرد|لا يوجد رد|اضغط لمعاودة الاتصال|[0-9٠-٩: ]{1,8} ?[ء-ي]{0,10}))*"
    "|(?:لديك |فاتتك )مكالمة (?:صوتية|فيديو)(?: فائتة)?"
    "|appel (?:vocal|vidéo)(?: de groupe)?(?: manqué)?"
    "(?:[,.] (?:pas de réponse|sans réponse|appuyez pour rappeler|[0-9: ]{1,8} ?(?:s|sec|min|h)?))*"
)

BARE_CALL = re.compile("(?:voice|video) call|مكالمة (?:صوتية|فيديو|مرئية)|appel (?:vocal|vidéo)")
"""What a person may as well have typed, as a demand for one."""

ENCRYPTION = (
    "messages and calls are end-to-end encrypted",
    "messages to this chat and calls are now secured with end-to-end encryption",
    "messages to this group are now secured with end-to-end encryption",
    "messages you send to this group are secured with end-to-end encryption",
    "الرسائل والمكالمات مشفرة تماما بين الطرفين",
    "الرسائل والمكالمات مشفرة تماما",
    "الرسائل التي ترسلها إلى هذه المجموعة محمية",
    "إن الرسائل التي ترسلها إلى هذه المجموعة محمية",
    "الرسائل والمكالمات في هذه الدردشة محمية",
    "les messages et les appels sont chiffrés de bout en bout",
    "les messages et appels sont chiffrés de bout en bout",
    "les messages envoyés dans ce groupe sont désormais protégés",
)
"""How the notice that opens every chat begins."""

_WHO = ".{1,100}"
_EVENTS = re.compile(
    rf"{_WHO} (?:created (?:this )?group.{{0,110}}|left|was added|were added|was removed|were removed"
    rf"|(?:added|removed) {_WHO}|joined (?:using|from|via) .{{1,120}}"
    r"|changed (?:the|this) (?:group|subject|group's icon|group description|group name|settings).{0,240}"
    rf"|changed (?:their phone number|to) .{{1,160}}|(?:is|are) now an? admin|is a contact"
    rf"|turned o(?:n|ff) disappearing messages.{{0,160}}|pinned a message|deleted this group's icon"
    rf"|security code (?:with {_WHO} )?changed.{{0,120}}"
    r"|(?:blocked|unblocked) this (?:contact|person).{0,60})"
    rf"|your security code with {_WHO} changed.{{0,120}}|you're (?:now|no longer) an admin"
    rf"|{_WHO} (?:غادر|غادرت|غادر المجموعة|غادرت المجموعة)|انضم(?:ت)? {_WHO} باستخدام .{{1,100}}"
    rf"|(?:أضاف|أضافت|أزال|أزالت) {_WHO}|{_WHO} (?:أضاف|أضافت|أزال|أزالت) {_WHO}"
    rf"|لقد (?:أضفت|أزلت|غيرت|أنشأت|غادرت|انضممت|حظرت|ألغيت حظر|ثبت|أوقفت|شغلت).{{0,200}}"
    rf"|(?:قام |قامت )?{_WHO} (?:غير|غيرت|بتغيير|أنشأ|أنشأت|بإنشاء) .{{0,30}}(?:المجموعة|رمز|رقم).{{0,160}}"
    rf"|(?:غير|غيرت|أنشأ|أنشأت) {_WHO} .{{0,30}}(?:المجموعة|رمز|رقم).{{0,160}}"
    rf"|(?:ثبت|ثبتت)(?: جهة الاتصال)? {_WHO} رسالة|تغير رمز الأمان.{{0,160}}|تمت إضافتك.{{0,60}}"
    rf"|{_WHO} (?:a créé le groupe.{{0,110}}|a quitté(?: le groupe)?|a ajouté {_WHO}|a retiré {_WHO}"
    r"|a changé .{0,30}(?:groupe|numéro|sujet).{0,160}|a rejoint .{1,120}|a épinglé un message)"
    r"|vous avez (?:créé|ajouté|retiré|quitté|changé|rejoint|bloqué|débloqué|épinglé).{0,160}"
    rf"|votre code de sécurité avec {_WHO} a changé.{{0,120}}"
)
_OWN_EVENT = re.compile(
    r"(?:you (?:left|added|removed|created|joined|changed|turned|pinned|deleted|blocked|unblocked|were)"
    r"|you're|your security code|لقد|تمت إضافتك|vous avez|votre code de sécurité)\b"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a body holds once the words of WhatsApp are told from those of the sender."""

    kind: Kind
    text: str
    attachment: str | None = None
    edited: bool = False


def fold(text: str) -> str:
    """`text` as phrases are compared; too long a text folds to nothing.

    >>> fold("لقد حذَفت هذه الرسالة.")
    'لقد حذفت هذه الرسالة'
    """
    if len(text) > LONGEST_NOTICE:
        return ""
    return text.translate(_FOLDING).casefold().strip().removesuffix(".")


def is_event(body: str, sender: str | None) -> bool:
    """Whether `body` tells of an event in the chat, such as a member who left.

    With a sender, the words must name that sender or speak to the owner of the phone, so that a message
    that happens to contain such words stays a message.
    """
    folded = fold(body)
    if not folded or "\n" in folded or _EVENTS.fullmatch(folded) is None:
        return False
    return sender is None or fold(sender) in folded or _OWN_EVENT.match(folded) is not None


def is_encryption_notice(body: str) -> bool:
    """Whether `body` is the notice on encryption that opens a chat."""
    return "\n" not in body and fold(body).startswith(ENCRYPTION)


def read_body(body: str, marked: bool) -> Content:
    """What `body` holds. With `marked`, placeholders without brackets count only behind U+200E.

    Text is verbatim but for the words of WhatsApp and the mark, space or line end that joins them to it.

    >>> read_body("طيب <تم تعديل هذه الرسالة>", False)
    Content(kind=<Kind.TEXT: 'text'>, text='طيب', attachment=None, edited=True)
    """
    edit = EDITED.search(body, max(0, len(body) - 80))
    words = body[: edit.start()] if edit else body
    content = _whole(words, marked) or _attached(words, marked) or Content(Kind.TEXT, words)
    return Content(content.kind, content.text, content.attachment, edit is not None)


def _whole(body: str, marked: bool) -> Content | None:
    """The content of a body that is one notice."""
    folded = fold(body)
    if not folded:
        return None
    genuine = body.startswith(MARK) or not marked
    if genuine and (folded in DELETED or folded.startswith("this message was deleted by admin ")):
        return Content(Kind.DELETED, "")
    if (genuine or folded.startswith("<")) and (folded in OMITTED or OMITTED_KIND.fullmatch(folded)):
        return Content(Kind.MEDIA, "")
    if genuine and CALL.fullmatch(folded) and (marked or not BARE_CALL.fullmatch(folded)):
        return Content(Kind.CALL, body.removeprefix(MARK))
    return None


def _attached(body: str, marked: bool) -> Content | None:
    """The content of a body with a placeholder in its first line or at its end, and perhaps a caption."""
    first, feed, after = body.partition("\n")
    if len(first) <= LONGEST_NOTICE and (name := _placeholder(first, marked)) is not None:
        return _captioned(after if feed else "", name)
    start = max(
        body.rfind(MARK), body.rfind("\n", len(body) - LONGEST_NOTICE if len(body) > LONGEST_NOTICE else 0)
    )
    if start < 0 or len(body) - start > LONGEST_NOTICE:
        return None
    name = _placeholder(body[start:].removeprefix("\n"), marked)
    if name is None:
        return None
    caption = body[:start]
    return _captioned(
        caption.removesuffix("\n") if caption.endswith("\n") else caption.removesuffix(" "), name
    )


def _placeholder(line: str, marked: bool) -> str | None:
    """The name of the file that `line` stands for; "" where it was left out of the export."""
    if marked and not line.startswith(MARK):
        return None
    bare = line.strip(MARKS + " ")
    for pattern in (ATTACHED_TAG, ATTACHED_SUFFIX):
        if match := pattern.fullmatch(bare):
            return match["name"].strip(MARKS)
    folded = fold(line)
    return "" if folded in OMITTED or (marked and OMITTED_KIND.fullmatch(folded)) else None


def _captioned(caption: str, name: str) -> Content:
    """Media with its file; with a caption it is text, because the caption must be read."""
    if _names_document(caption, name):
        caption = ""
    if not caption.strip(MARKS + " \n"):
        return Content(Kind.MEDIA, "", name or None)
    return Content(Kind.TEXT, caption, name or None)


def _names_document(caption: str, name: str) -> bool:
    """Whether a caption only repeats a document's name and pages, as iPhones write it."""
    title, bullet, _ = fold(caption).partition(" • ")
    return bool(bullet) and bool(title) and fold(name).endswith(title)
