"""What WhatsApp itself writes into an export: placeholders, notices, marks of edits.

All of them in ar, en and fr; in de and tr, which phones of the region also speak, all but events.

Phrases are compared without Arabic diacritics, tatweel, invisible marks, case and a final dot. Where they
stand in a body is decided on the verbatim text.

Whoever sends a message can write these words, and the marks before them, too. So a notice has no place for
free words: it holds names that are known, or file names, and nothing else; all other lines are messages.
A notice taken for a message costs little, a threat taken for a notice costs much.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from detector.read.marks import MARKS
from detector.read.whatsapp_calls import BARE_CALL, CALL
from detector.records import Kind

LONGEST_NOTICE = 400
MARK = "\N{LEFT-TO-RIGHT MARK}"
"""What iPhones write before everything that is not the words of a person."""

_UNSEEN = {ord(char): None for char in MARKS} | dict.fromkeys(range(0x64B, 0x653)) | {0x640: None}
_ALIKE = {0x201E: '"', 0xA0: " ", 0x202F: " ", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xAB: '"', 0xBB: '"'}
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
        "diese nachricht wurde gelöscht",
        "du hast diese nachricht gelöscht",
        "bu mesaj silindi",
        "bu mesajı sildiniz",
    }
)

DELETED_BY = re.compile(
    r"this message was deleted by admin "
    r"(?=.{1,30}$)(?:~ ?)?(?:\+?[0-9٠-٩][0-9٠-٩ ()-]+|[^\W\d_]+(?:[ '-][^\W\d_]+){0,2})"
)
"""With an admin's name: a number, or up to three words of letters only."""

OMITTED = frozenset(
    {
        "<media omitted>",
        "<تم استبعاد الوسائط>",
        "<médias omis>",
        "<fichier omis>",
        "<medien ausgeschlossen>",
        "<medya dahil edilmedi>",
        "<view once voice message omitted>",
        "<message vocal à vue unique omis>",
        "<تم استبعاد رسالة صوتية للعرض مرة واحدة>",
    }
)
"""Placeholders that carry their own brackets."""

OMITTED_KIND = re.compile(
    "<?(?:(?:image|picture|photo|video|video note|audio|sticker|gif|document|contact card|media) omitted"
    "|لم يتم إدراج (?:الصورة|المقاطع الصوتية|المقطع الصوتي|الفيديوهات|الفيديو|المستند|صورة gif|الملصق"
    "|رسالة الفيديو|الملصقات|بطاقة جهة اتصال|بطاقة جهة الاتصال|الوسائط)"
    "|تم حذف الملصقات|الصورة غير مشمولة|الفيديو غير مشمول|المقطع الصوتي غير مشمول|المستند غير مشمول"
    "|image absente|vidéo absente|audio omis|sticker omis|gif retiré|document manquant|photo absente"
    "|fiche contact manquante|carte de contact omise"
    "|(?:bild|video|audio|sticker|gif|dokument|kontaktkarte) (?:weg|aus)gelassen"
    "|(?:görüntü|video|ses|çıkartma|gif|belge|kişi kartı) dahil edilmedi)>?"
)
"""Placeholders of iPhones, one for each kind of file."""

ATTACHED_TAG = re.compile(
    r"<(?:attached|الم\u064f?رفق|pièce jointe|fichier joint|Anhang|eklendi)\s?: (?P<name>[^<>\n]{1,255})>",
    re.IGNORECASE,
)
ATTACHED_SUFFIX = re.compile(
    r"(?P<name>[^\n<>|]{1,250}\.[a-z0-9]{1,8}) "
    r"\((?:file attached|(?:ال)?ملف مرفق|fichier joint|pièce jointe|Datei angehängt|dosya ekli)\)",
    re.IGNORECASE,
)

FILE_NAME = re.compile(
    r"(?:[^\s<>|:*?\"/\\!؟،؛•]+[ \N{NO-BREAK SPACE}]+){0,6}[^\s<>|:*?\"/\\!؟،؛•]+\."
    r"(?:jpe?g|png|gif|webp|hei[cf]|bmp|tiff?|svg|was|mp4|mov|m4v|3gpp?|avi|mkv|webm|mpe?g"
    r"|opus|og[ga]|mp3|m4a|aac|amr|wav|flac|caf|pdf|docx?|xlsx?|pp[ts]x?|rtf|txt|csv|od[tsp]"
    r"|pages|numbers|key|epub|vcf|ics|eml|msg|zip|rar|7z|tar|gz|apk|html?|xml|json|psd|dwg)",
    re.IGNORECASE,
)
"""What looks like the name of a file and not like a sentence: at most seven words and a known ending."""

LONGEST_FILE_NAME = 80

DOCUMENT = re.compile(
    rf"(?P<name>[^\n]+?)(?: • [{MARKS}]*(?:[0-9٠-٩]{{1,5}} (?:pages?|صفح(?:ة|ات))|صفحة واحدة|صفحتان))?"
)
"""A document's name and pages, as iPhones write them before it."""

EDITED = re.compile(
    rf" ?{MARK}?<(?:this message was edited|ce message a été modifié|تم[ً-ْ]* تعديل هذه الرسالة"
    r"|diese nachricht wurde bearbeitet|bu mesaj düzenlendi)\.?>$",
    re.IGNORECASE,
)

ENCRYPTION = (
    "messages and calls are end-to-end encrypted",
    "messages to this chat and calls are now secured with end-to-end encryption",
    "messages to this group are now secured with end-to-end encryption",
    "messages you send to this group are secured with end-to-end encryption",
    "الرسائل والمكالمات مشفرة تماما بين الطرفين",
    "الرسائل والمكالمات مشفرة تماما",
    "الرسائل والمكالمات مشفرة تشفيرا تاما",
    "الرسائل التي ترسلها إلى هذه المجموعة محمية",
    "إن الرسائل التي ترسلها إلى هذه المجموعة محمية",
    "الرسائل والمكالمات في هذه الدردشة محمية",
    "les messages et les appels sont chiffrés de bout en bout",
    "les messages et appels sont chiffrés de bout en bout",
    "les messages envoyés dans ce groupe sont désormais protégés",
    "nachrichten und anrufe sind ende-zu-ende-verschlüsselt",
    "mesajlar ve aramalar uçtan uca şifrelidir",
)
"""How the notice that opens every chat begins."""

_ENCRYPTION_TAILS = """
    no one outside of this chat group not even whatsapp can read or listen to them only people in share
    those tap click learn more for info
    لا ولا يستطيع يمكن يمكنهم لأي لأحد أحد شخص ليس طرفا خارج في من إلى على هذه الدردشة المحادثة المجموعة
    قراءة قراءتها الرسائل أو الاستماع إليها مشاركتها حتى واتساب فقط سوى الأشخاص أعضاء خلال بالتشفير التشفير
    التام بين الطرفين طرف انقر اضغط لمعرفة المزيد
    aucun tiers pas même whatsapp ne peut les lire ou écouter seules personnes dans cette discussion
    peuvent partager par le chiffrement de bout en appuyez pour savoir plus
    niemand ausserhalb dieses chats kann sie lesen oder anhören nicht einmal whatsapp nur personen in diesem
    chat können teilen tippe um mehr zu erfahren
    bu sohbetin dışında hiç kimse whatsapp dahil bunları okuyamaz veya dinleyemez yalnızca sohbetteki kişiler
    okuyabilir dinleyebilir ve paylaşabilir daha fazla bilgi edinmek için dokunun edinin
"""
ENCRYPTION_WORDS = frozenset(_ENCRYPTION_TAILS.split())
"""All words that follow in it."""

_TAP = "(?:[.] (?:tap|click) (?:to (?:learn more|change|message or add the new number)|for more info))?"
_TAP_AR = "(?:[.] (?:انقر|اضغط) (?:لمعرفة المزيد|للتغيير))?"
_LINK = "(?:this group's |the group |a |an |your )?(?:invite |group )?link"
_LINK_AR = "(?:باستخدام|عبر|من خلال) رابط (?:دعوة )?(?:هذه )?المجموعة"
_LINK_FR = (
    "(?:via|en utilisant|à l'aide d[eu']) ?(?:le |un |ce )?lien(?: d'invitation)?(?: d[eu] (?:ce )?groupe)?"
)
_QUOTED = '(?: "([^"]{1,100})")'
_GROUP = f"(?:this |the )?group{_QUOTED}?"
_GROUP_AR = f"(?:هذه )?المجموعة{_QUOTED}?"
_GROUP_FR = f"(?:le |ce )groupe{_QUOTED}?"
_SETTINGS = (
    "(?: to allow (?:only admins|all (?:participants|members)) to "
    "(?:edit (?:this group's|the group) (?:info|settings)|send messages(?: to this group)?))?"
)
_CHANGED = (
    f"(?:(?:this|the) group(?:'s)? (?:icon|description|settings){_SETTINGS}"
    f"|the (?:subject|group name|group subject)(?: from{_QUOTED})?(?: to{_QUOTED})?"
    f"|their phone number(?: to a new number)?{_TAP}|to (NAME))"
)
_CHANGED_AR = (
    f"(?:(?:أيقونة|صورة|وصف|إعدادات|اسم|موضوع) (?:هذه )?المجموعة(?: من{_QUOTED})?(?: إلى{_QUOTED})?"
    "|رقم (?:هاتفه|هاتفها|هاتفك)(?: إلى (NAME))?)"
)
_CHANGED_FR = (
    "(?:(?:le sujet|le nom|l'icône|l'image|la description|les paramètres)(?: d[eu] (?:ce )?groupe)?"
    f"(?: (?:en|par|à){_QUOTED})?|(?:son|de) numéro(?: de téléphone)?)"
)
_VANISHING = (
    "disappearing messages(?:[.] (?:all )?new messages will disappear from this chat "
    f"(?:after )?[0-9]{{1,3}} (?:hours?|days?)(?: after they're sent)?(?:, except when kept)?)?{_TAP}"
)
_VANISHING_AR = (
    "الرسائل (?:المؤقتة|ذاتية الاختفاء)(?:[.] ستختفي الرسائل الجديدة من هذه (?:الدردشة|المحادثة) بعد "
    f"[0-9٠-٩]{{1,3}} (?:ساعة|أيام|يوما|يوم) من إرسالها)?{_TAP_AR}"
)
_EVENTS = tuple(
    re.compile(pattern.replace("NAME", ".{1,100}?"))
    for pattern in (
        (
            f"(NAME) (?:created {_GROUP}|left|(?:was|were) (?:added|removed)|(?:added|removed) (NAME)"
            f"|joined (?:using|from|via) {_LINK}|changed {_CHANGED}|(?:is|are) (?:now|no longer) an? ?admin"
            f"|is a contact|turned o(?:n|ff) {_VANISHING}|pinned a message|deleted this group's icon"
            f"|(?:un)?blocked (?:and reported )?this (?:contact|person){_TAP}|started a (?:video )?call)"
        ),
        f"you changed your phone number(?: to a new number)?{_TAP}",
        "waiting for this message[.] this may take a while(?:[.] learn more)?",
        f"(?:your )?security code with (NAME) changed{_TAP}|you're (?:now|no longer) an admin",
        f"(NAME)'s security code changed{_TAP}",
        "(NAME) (?:غادرت?(?: المجموعة)?|(?:أضافت?|أزالت?) (NAME)|(?:مسؤول|مشرف) الآن)",
        f"غادرت? (NAME)(?: المجموعة)?|(?:أضافت?|أزالت?) (NAME)|انضمت? (NAME) {_LINK_AR}",
        f"(NAME) (?:(?:غير|غيرت) {_CHANGED_AR}|(?:أنشأ|أنشأت) {_GROUP_AR}|انضمت? {_LINK_AR})",
        f"(?:غير|غيرت) (NAME) {_CHANGED_AR}|(?:أنشأ|أنشأت) (NAME) {_GROUP_AR}",
        f"قامت? (NAME) (?:بتغيير {_CHANGED_AR}|بإنشاء {_GROUP_AR})",
        (
            f"(?:لقد )?(?:غيرت {_CHANGED_AR}|أنشأت {_GROUP_AR}|غادرت(?: المجموعة)?|انضممت {_LINK_AR}"
            "|(?:حظرت|ألغيت حظر) (?:جهة الاتصال هذه|هذا الشخص)|(?:أضفت|أزلت|حظرت|ألغيت حظر) (NAME)"
            f"|ثبت رسالة|(?:فعلت|عطلت|شغلت|أوقفت) {_VANISHING_AR})"
        ),
        f"(?:فعلت?|عطلت?|شغلت?|أوقفت?) (NAME) {_VANISHING_AR}|ثبتت?(?: جهة الاتصال)? (NAME) رسالة",
        f"(?:لقد )?(?:تغير|تم تغيير) رمز الأمان(?: (?:الخاص ب|مع )(NAME))?{_TAP_AR}",
        "تمت إضافتك(?: إلى (?:هذه )?المجموعة)?|أصبحت الآن (?:مسؤولا|مشرفا)|لم تعد (?:مسؤولا|مشرفا)",
        (
            f"(?:(NAME) a|vous avez) (?:créé {_GROUP_FR}|quitté(?: le groupe)?|(?:ajouté|retiré) (NAME)"
            f"|changé {_CHANGED_FR}|rejoint (?:le groupe )?{_LINK_FR}|épinglé un message"
            "|(?:dé)?bloqué ce contact)"
        ),
        "votre code de sécurité avec (NAME) a changé(?:[.] appuyez pour en savoir plus)?",
    )
)
_JOINED = frozenset({"you", "vous", "and", "et"})
_NUMBER = re.compile(r"\+?[0-9٠-٩][0-9٠-٩ ()-]{5,20}")

_NAMING = re.compile(
    r'(?!~)[^":]{1,100} '
    r"(?:group|community|subject|group name|المجموعة|المجتمع|groupe|communauté|sujet|gruppe)"
    r'(?:(?: (?:from|to|من|إلى|de|en|par|à|von|in))? "[^"]{1,110}"){1,2}(?: (?:erstellt|geändert))?'
    r'|(?!~)[^":]{1,100} "[^"]{1,110}" (?:grubunu|topluluğunu) oluşturdu'
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


def fold_name(name: str) -> str:
    """`name` as the names in events are compared: the sign of those not in the contacts does not count."""
    return fold(name).removeprefix("~").strip()


def is_event(body: str, names: AbstractSet[str]) -> bool:
    """Whether `body` tells of an event in the chat, such as a member who left.

    `names` are the folded ones of the chat. An event that tells of anybody or anything else, such as a new
    name of the group, may be the words of a sender.
    """
    folded = fold(body)
    if not folded or "\n" in folded:
        return False
    matches = (event.fullmatch(folded) for event in _EVENTS)
    return any(
        match is not None and all(_holds_names_only(text, names) for text in match.groups() if text)
        for match in matches
    )


def _holds_names_only(text: str, names: AbstractSet[str]) -> bool:
    """Whether `text` is a row of known names, with or without commas and words for "and" between them."""
    words = re.split(r",? |، ", text)
    reached = {0}
    for end in range(1, len(words) + 1):
        if any(_is_name(" ".join(words[start:end]), names) for start in reached):
            reached.add(end)
    return len(words) in reached


def _is_name(text: str, names: AbstractSet[str]) -> bool:
    bare = fold_name(text)
    known = bare in names or bare.removeprefix("و") in names or bare in _JOINED
    return known or _NUMBER.fullmatch(bare) is not None


def names_group(line: str) -> bool:
    """Whether a line of Android without a sender tells how a group is named, in whose name ": " may stand."""
    return _NAMING.fullmatch(fold(line)) is not None


def is_encryption_notice(body: str) -> bool:
    """Whether `body` is the notice on encryption that opens a chat."""
    folded = fold(body)
    opening = max((start for start in ENCRYPTION if folded.startswith(start)), key=len, default=None)
    if opening is None:
        return False
    return ENCRYPTION_WORDS.issuperset(filter(None, re.split(r"[ .,،]+", folded[len(opening) :])))


def ends_omitted(text: str) -> bool:
    """Whether `text` ends in a placeholder of an iPhone behind its mark."""
    return OMITTED_KIND.fullmatch(fold(text[text.rfind(MARK) :])) is not None


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


def fixed_notice(folded: str) -> Kind | None:
    """What a folded body tells of that is one notice, with no place for a name or for other free words."""
    if folded in DELETED:
        return Kind.DELETED
    if folded in OMITTED or OMITTED_KIND.fullmatch(folded):
        return Kind.MEDIA
    return Kind.CALL if CALL.fullmatch(folded) and not BARE_CALL.fullmatch(folded) else None


def _whole(body: str, marked: bool) -> Content | None:
    """The content of a body that is one notice."""
    folded = fold(body)
    if not folded:
        return None
    kind = fixed_notice(folded)
    if body.startswith(MARK) or not marked:
        kind = Kind.DELETED if DELETED_BY.fullmatch(folded) else kind
        kind = Kind.CALL if marked and BARE_CALL.fullmatch(folded) else kind
    elif not folded.startswith("<"):
        return None
    if kind is None:
        return None
    return Content(kind, body.removeprefix(MARK) if kind is Kind.CALL else "")


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
            name = match["name"].strip(MARKS)
            return name if _is_file_name(name) else None
    folded = fold(line)
    return "" if folded in OMITTED or (marked and OMITTED_KIND.fullmatch(folded)) else None


def _captioned(caption: str, name: str) -> Content:
    """Media with its file; with a caption it is text, because the caption must be read.

    The name and pages of a document, as iPhones write them, are no caption.
    """
    document = _document(caption)
    if document and fold(name or document).endswith(fold(document)):
        return Content(Kind.MEDIA, "", name or document)
    if not caption.strip(MARKS + " \n"):
        return Content(Kind.MEDIA, "", name or None)
    return Content(Kind.TEXT, caption, name or None)


def _document(caption: str) -> str | None:
    """The file name that a caption consists of, but for a number of pages."""
    if len(caption) > LONGEST_NOTICE:
        return None
    match = DOCUMENT.fullmatch(caption.strip(MARKS + " "))
    name = match["name"].strip(MARKS) if match else ""
    return name if _is_file_name(name) else None


def _is_file_name(text: str) -> bool:
    return len(text) <= LONGEST_FILE_NAME and FILE_NAME.fullmatch(text) is not None
