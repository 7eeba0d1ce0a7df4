"""What Snapchat, TikTok and X hand out of an account, and chats of Discord: JSON, one module a program."""

from detector.read.apps import discord, snapchat, tiktok, x
from detector.read.source import Format

READERS = {
    Format.SNAPCHAT: snapchat.read,
    Format.TIKTOK: tiktok.read,
    Format.X: x.read,
    Format.DISCORD: discord.read,
}
"""The reader of each program, as `detector.read` calls them."""
