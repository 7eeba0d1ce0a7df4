"""Tell people apart who go by one name in a chat: who poses as the victim takes the victim's name."""

NAMESAKE = "someone else in this chat goes by the same name: told apart by the id, which stands behind it"


class Namesakes:
    """The people of one input whose ids it tells. Who first bears a name in a chat keeps it as it is."""

    def __init__(self) -> None:
        self._first: dict[tuple[str | None, str], str] = {}

    def apart(self, chat: str | None, name: str, person: str | None) -> tuple[str, tuple[str, ...]]:
        """The name by which the person of an id goes in a chat, and what to warn of.

        >>> people = Namesakes()
        >>> [people.apart("7", "سارة", person)[0] for person in ("user1", "user9", "user1", None)]
        ['سارة', 'سارة (user9)', 'سارة', 'سارة']
        """
        if person is None or self._first.setdefault((chat, name), person) == person:
            return name, ()
        return f"{name} ({person})", (NAMESAKE,)
