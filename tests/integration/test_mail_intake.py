"""Mails from a real IMAP server become work orders, each once (M1)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.integration.order_desk import DISPATCHER, START, Desk, actor
from tests.integration.test_channels_post import Folder, ImapServer
from ticketing.channels.errors import Temporary
from ticketing.domain import actions as do
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel, OrderType
from ticketing.domain.roles import Role
from ticketing.domain.work_order import Event, State
from ticketing.service.attachments import Attachments
from ticketing.service.inbox import Inbox
from ticketing.service.letters import mail_source
from ticketing.service.mail_intake import MailIntake, Taken
from ticketing.store import inbox
from ticketing.store.database import Database
from ticketing.store.inbox_tables import MAILS
from ticketing.store.orders import Filters, OrderRow

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


_numbers = count(1)


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    server = ImapServer()
    yield server
    server.stop()


@pytest.fixture
def folder(imap: ImapServer) -> Iterator[Folder]:
    folder = Folder(imap, f"folder{next(_numbers)}")
    yield folder
    folder.admin.logout()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


@pytest.fixture
def files(desk: Desk, clock: Still, tmp_path: Path) -> Attachments:
    return Attachments(desk.database, desk.orders, tmp_path / "attachments", now=clock)


@pytest.fixture
def intake(desk: Desk, folder: Folder, files: Attachments) -> MailIntake:
    return reader(desk, folder, files)


def reader(desk: Desk, folder: Folder, files: Any) -> MailIntake:
    return MailIntake(
        desk.database,
        desk.orders,
        desk.worlds,
        name="hotline",
        post=folder.mailbox(),
        files=files,
        now=desk.now,
    )


def mail(
    text: str = "解放路停水三天了",
    *,
    number: int = 1,
    subject: str = "停水",
    sender: str = "王芳 <wang@example.org>",
    **headers: str,
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "hotline@example.cn"
    message["Subject"] = subject
    message["Message-ID"] = f"<{number}@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


async def lines(desk: Desk) -> tuple[OrderRow, ...]:
    return (await desk.orders.page(DISPATCHER, Filters())).items


async def events(desk: Desk, number: str) -> tuple[Event, ...]:
    return (await desk.orders.open(DISPATCHER, number)).events


async def test_a_mail_becomes_an_order_with_its_files(
    desk: Desk, folder: Folder, intake: MailIntake, files: Attachments
) -> None:
    letter = mail()
    letter.add_attachment(PNG, maintype="image", subtype="png", filename="水表.png")
    letter.add_attachment(b"MZ\x90", maintype="application", subtype="x-dosexec", filename="a.exe")
    folder.add(letter.as_bytes())
    assert await intake.poll() == Taken(orders=1)
    (line,) = await lines(desk)
    order = (await desk.orders.open(DISPATCHER, line.number)).order
    assert (order.channel, order.title, order.state) == (Channel.EMAIL, "停水", State.RECEIVED)
    assert (order.citizen.name, order.citizen.email) == ("王芳", "wang@example.org")
    assert order.content.startswith("解放路停水三天了")
    assert order.content.endswith("（附件“a.exe”未收录）")
    assert mail_source(order.source) == ("wang@example.org", ("<1@example.org>",))
    (kept,) = await files.list(DISPATCHER, line.number)
    stored = await files.read(DISPATCHER, kept.id)
    assert (kept.name, stored.path.read_bytes()) == ("水表.png", PNG)
    folder.admin.select(folder.name, readonly=True)
    assert folder.admin.uid("SEARCH", "UNSEEN")[1] == [b""]


async def test_each_mail_is_taken_in_once_wherever_it_lies(
    desk: Desk, folder: Folder, intake: MailIntake
) -> None:
    folder.add(mail(number=1).as_bytes())
    folder.add(mail(number=2, subject="噪音", text="夜里施工").as_bytes())
    assert await intake.poll() == Taken(orders=2)
    assert await intake.poll() == Taken()
    folder.add(mail(number=1).as_bytes())  # delivered a second time
    assert await intake.poll() == Taken(known=1)
    folder.admin.delete(folder.name)
    folder.admin.create(folder.name)
    for number in (1, 3):
        folder.add(mail(number=number).as_bytes())
    assert await intake.poll() == Taken(orders=1, known=1), "the mailbox was renumbered"
    assert len(await lines(desk)) == 3


async def test_a_crash_anywhere_makes_neither_a_second_order_nor_a_second_file(
    desk: Desk,
    folder: Folder,
    files: Attachments,
    clock: Still,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Crashing:
        """Files are kept, and then the power goes."""

        async def add(self, actor: Actor, number: str, name: str, content: bytes) -> object:
            await files.add(actor, number, name, content)
            raise DatabaseUnavailable("away")

    async def crash(*_: object) -> bool:
        raise DatabaseUnavailable("away")

    letter = mail()
    for name in ("一.png", "二.png"):
        letter.add_attachment(PNG + name.encode(), maintype="image", subtype="png", filename=name)
    folder.add(letter.as_bytes())
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await reader(desk, folder, Crashing()).poll()
    with monkeypatch.context() as patched:
        patched.setattr(inbox, "add_mail", crash)
        with pytest.raises(DatabaseUnavailable):
            await reader(desk, folder, files).poll()
    assert await reader(desk, folder, files).poll() == Taken(orders=1)
    (line,) = await lines(desk)
    names = [kept.name for kept in await files.list(DISPATCHER, line.number)]
    assert sorted(names) == ["一.png", "二.png"]


async def test_machines_make_no_orders(desk: Desk, folder: Folder, intake: MailIntake) -> None:
    folder.add(mail(number=1, Auto_Submitted="auto-replied").as_bytes())
    folder.add(mail(number=2, List_Id="<news.example.org>").as_bytes())
    folder.add(mail(number=3, X_Hotline_Loop="1").as_bytes())
    folder.add(mail(number=4, sender="MAILER-DAEMON@example.org").as_bytes())
    assert await intake.poll() == Taken(ignored=4)
    assert await lines(desk) == ()


async def test_an_answer_to_ours_is_a_remark_on_its_order(
    desk: Desk, folder: Folder, intake: MailIntake, files: Attachments
) -> None:
    folder.add(mail().as_bytes())
    await intake.poll()
    (line,) = await lines(desk)
    answer = mail(
        "还是没有水\n\n> 您反映的事项已受理",
        number=2,
        subject="Re: 停水",
        In_Reply_To=f"<{line.number}-1-0@example.cn>",
    )
    answer.add_attachment(PNG, maintype="image", subtype="png", filename="水表.png")
    folder.add(answer.as_bytes())
    by_subject = mail("补充：三号楼也没有", number=3, subject=f"关于工单 {line.number}")
    folder.add(by_subject.as_bytes())
    folder.add(mail("请尽快", number=4, In_Reply_To="<2@example.org>").as_bytes())
    assert await intake.poll() == Taken(remarks=3)
    (only,) = await lines(desk)
    notes = [
        event.command.text
        for event in await events(desk, only.number)
        if isinstance(event.command, do.Note)
    ]
    assert [note.split("：", 1)[1] for note in notes] == [
        "还是没有水",
        "补充：三号楼也没有",
        "请尽快",
    ]
    assert [kept.name for kept in await files.list(DISPATCHER, only.number)] == ["水表.png"]
    told = (await Inbox(desk.database).page(DISPATCHER)).items
    assert [(m.number, m.what) for m in told] == [(only.number, "citizen_wrote")] * 3


async def test_nobody_else_writes_into_an_order(
    desk: Desk, folder: Folder, intake: MailIntake
) -> None:
    folder.add(mail().as_bytes())
    await intake.poll()
    (line,) = await lines(desk)
    by_phone = (await desk.receive()).number
    for number, order in ((2, line.number), (3, by_phone)):
        forged = mail(
            "撤销这件事",
            number=number,
            subject=f"工单 {order}",
            sender="evil@example.net",
            In_Reply_To=f"<{order}-1-0@example.cn>",
            References="<1@example.org>",
        )
        folder.add(forged.as_bytes())
    assert await intake.poll() == Taken(orders=2)
    assert len(await events(desk, line.number)) == len(await events(desk, by_phone)) == 1


async def test_an_answer_to_what_is_archived_is_a_matter_of_its_own(
    desk: Desk, folder: Folder, intake: MailIntake
) -> None:
    folder.add(mail().as_bytes())
    await intake.poll()
    (line,) = await lines(desk)
    await desk.orders.act(actor("city", Role.AGENT), line.number, do.Decline(code="N2"))
    await desk.orders.act(DISPATCHER, line.number, do.Archive())
    folder.add(mail("又停水了", number=2, subject=f"Re: {line.number}").as_bytes())
    assert await intake.poll() == Taken(orders=1)
    newest = (await lines(desk))[0]
    order = (await desk.orders.open(DISPATCHER, newest.number)).order
    assert order.content == f"又停水了\n\n（来信人就工单 {line.number} 再次来信。）"


async def test_a_mail_without_words_is_a_matter_too(
    desk: Desk, folder: Folder, intake: MailIntake
) -> None:
    folder.add(mail("", subject="").as_bytes())
    folder.add(mail("수도가 끊겼습니다", number=2).as_bytes())
    assert await intake.poll() == Taken(orders=2)
    second, first = [
        (await desk.orders.open(DISPATCHER, line.number)).order for line in await lines(desk)
    ]
    assert (first.title, first.content) == ("来信", "来信")
    assert (first.language, second.language) == ("zh", "ko")


async def test_of_two_nodes_one_reads_the_mailbox(
    desk: Desk, folder: Folder, files: Attachments, clock: Still
) -> None:
    for number in range(5):
        letter = mail(f"第 {number} 件", number=number)
        letter.add_attachment(PNG, maintype="image", subtype="png", filename="图.png")
        folder.add(letter.as_bytes())
    nodes = [reader(desk, folder, files) for _ in range(3)]
    taken = await asyncio.gather(*(node.poll() for node in nodes))
    assert sum(each.orders for each in taken) == len(await lines(desk)) == 5
    for line in await lines(desk):
        assert len(await files.list(DISPATCHER, line.number)) == 1


async def test_a_node_that_died_leaves_the_mailbox_after_a_while(
    desk: Desk, folder: Folder, intake: MailIntake, clock: Still
) -> None:
    folder.add(mail().as_bytes())
    async with desk.database.session() as session:
        assert await inbox.lease(session, "hotline", clock.now, clock.now + timedelta(minutes=3))
    assert await intake.poll() == Taken()
    clock.now += timedelta(minutes=3)
    assert await intake.poll() == Taken(orders=1)


async def test_a_server_that_is_away_costs_nothing(
    desk: Desk, folder: Folder, files: Attachments, intake: MailIntake
) -> None:
    folder.add(mail().as_bytes())
    away = MailIntake(
        desk.database,
        desk.orders,
        desk.worlds,
        name="hotline",
        post=folder.mailbox(password="wrong"),
        files=files,
        now=desk.now,
    )
    with pytest.raises(Temporary):
        await away.poll()
    assert await intake.poll() == Taken(orders=1)


async def test_a_remark_on_an_order_at_work_reaches_its_unit_by_the_history(
    desk: Desk, folder: Folder, intake: MailIntake
) -> None:
    folder.add(mail().as_bytes())
    await intake.poll()
    (line,) = await lines(desk)
    await desk.classify(line.number, type=OrderType.COMPLAINT)
    await desk.orders.act(DISPATCHER, line.number, do.Dispatch(unit="housing"))
    folder.add(mail("好了吗", number=2, subject=f"Re: {line.number}").as_bytes())
    assert await intake.poll() == Taken(remarks=1)
    seen = (await desk.orders.open(actor("housing", Role.UNIT_HANDLER), line.number)).events
    assert seen[-1].who == "mail"
    async with desk.database.reading() as session:
        query = select(MAILS.c.outcome, func.count()).group_by(MAILS.c.outcome)
        outcomes = {row[0]: row[1] for row in await session.execute(query)}
    assert outcomes == {"order": 1, "remark": 1}
