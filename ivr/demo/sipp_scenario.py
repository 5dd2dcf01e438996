"""The sipp scenario of a citizen's call: one dialogue, told what to do from outside.

What happens goes line by line to sipp's log file. A SIP ``MESSAGE`` with the call's own Call-ID,
sent to sipp's port, makes it hang up (or cancel, while it rings).
"""

from __future__ import annotations

from collections.abc import Sequence

# Final answers that end a call that was not answered. sipp wants each one named.
REFUSALS = (
    *(300, 301, 302, 305, 380, 400, 401, 402, 403, 404, 405, 406, 407, 408, 410, 413, 414, 415),
    *(416, 420, 421, 423, 480, 481, 482, 483, 484, 485, 486, 487, 488, 491, 493, 500, 501, 502),
    *(503, 504, 505, 513, 600, 603, 604, 606),
)
INVITE_BRANCH = "z9hG4bK-[pid]-[call_number]-i"
_SERVER = "sip:[service]@[remote_ip]:[remote_port]"
_TO_TAG = "[peer_tag_param]"
_SDP = "application/sdp"
_DTMF = "application/dtmf-relay"
_ME = "sip:[caller]@[local_ip]:[local_port]"


def request(
    method: str,
    sequence: str,
    *,
    to_tag: str = "",
    branch: str = "[branch]",
    extra: str = "",
    kind: str = _SDP,
    body: str = "",
) -> str:
    """Return the text of a request from the citizen, keywords of sipp still in it."""
    return "\n".join(
        (
            f"{method} {_SERVER} SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
            f"From: [display]<{_ME}>;tag=[pid]c[call_number]",
            f"To: <{_SERVER}>{to_tag}",
            "Call-ID: [call_id]",
            f"CSeq: {sequence} {method}",
            f"Contact: <{_ME};transport=[transport]>",
            f"{extra}Max-Forwards: 70",
            *([f"Content-Type: {kind}"] if body else []),
            "Content-Length: [len]",
            "",
            body,
        )
    )


def reply(status: str, body: str = "") -> str:
    """Return the text of an answer to the request that came last."""
    kind = ["Content-Type: application/sdp"] if body else []
    return "\n".join(
        (
            f"SIP/2.0 {status}",
            "[last_Via:]",
            "[last_From:]",
            "[last_To:]",
            "[last_Call-ID:]",
            "[last_CSeq:]",
            f"Contact: <{_ME};transport=[transport]>",
            *kind,
            "Content-Length: [len]",
            "",
            body,
        )
    )


def sdp(port: str, event_type: int, *, version: int = 1) -> str:
    """Return an SDP body: A-law and keys on ``port`` (a number or a keyword of sipp)."""
    return "\n".join(
        (
            "v=0",
            f"o=citizen 1 {version} IN IP4 [media_ip]",
            "s=-",
            "c=IN IP4 [media_ip]",
            "t=0 0",
            f"m=audio {port} RTP/AVP 8 {event_type}",
            "a=rtpmap:8 PCMA/8000",
            f"a=rtpmap:{event_type} telephone-event/8000",
            f"a=fmtp:{event_type} 0-15",
            "a=ptime:20",
            "a=sendrecv",
        )
    )


def send(text: str, attributes: str = "") -> str:
    """Return the ``<send>`` element of a message."""
    return f"<send {attributes}><![CDATA[\n{text}\n]]></send>"


def log(line: str) -> str:
    """Return an action block that logs one line."""
    return f'<action><log message="{line}"/></action>'


def refusals(jump: str) -> str:
    """Return one optional ``<recv>`` for each refusal; jumps to a label."""
    return "\n".join(
        f'<recv response="{code}" optional="true" response_txn="invite" next="{jump}">'
        f"{log(f'refused {code}')}</recv>"
        for code in REFUSALS
    )


_MEDIA = (
    '<ereg regexp="c=IN IP4 ([^[:space:]]+)" search_in="body" assign_to="whole,host"/>'
    '<ereg regexp="m=audio ([0-9]+)" search_in="body" assign_to="whole,port"/>'
)
_FOUND = "[$host] [$port]"


def citizen(rtp_port: int, event_type: int) -> str:
    """Return the whole scenario of one interactive call."""
    body = sdp(str(rtp_port), event_type)
    invite = request("INVITE", "1", branch=INVITE_BRANCH, extra="[extra]", body=body)
    ack = request("ACK", "1", to_tag=_TO_TAG)
    refused_ack = request("ACK", "1", to_tag=_TO_TAG, branch=INVITE_BRANCH)
    bye = request("BYE", "2", to_tag=_TO_TAG)
    cancel = request("CANCEL", "1", branch=INVITE_BRANCH)
    media = f"<action>{_MEDIA}</action>"
    early, moved = (
        f'<action>{_MEDIA}<log message="{word} {_FOUND}"/></action>' for word in ("early", "moved")
    )
    # Told only after the ACK: a command that comes while sipp sends aborts the call.
    # What comes then of itself, as an answer that crosses a CANCEL, lands at ``_unexp.main``.
    answered = f"<nop>{log(f'answered {_FOUND}')}</nop>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="citizen">
{send(invite, 'retrans="500" start_txn="invite"')}
<nop>{log("dialling")}</nop>
<recv response="100" optional="true" response_txn="invite">{log("trying")}</recv>
<recv response="180" optional="true" response_txn="invite">{log("ringing")}</recv>
<recv response="181" optional="true" response_txn="invite"/>
<recv response="182" optional="true" response_txn="invite"/>
<recv response="183" optional="true" response_txn="invite">{early}</recv>
{refusals("refused")}
<recv request="MESSAGE" optional="true" next="cancel"/>
<recv response="200" response_txn="invite">{media}</recv>
{send(ack, 'ack_txn="invite"')}
{answered}
<label id="talk"/>
<recv request="MESSAGE" optional="true" next="hangup"/>
<recv request="INVITE" optional="true" next="again">{moved}</recv>
<recv request="ACK" optional="true"/>
<recv request="BYE">{log("bye")}</recv>
{send(reply("200 OK"), 'next="end"')}
<label id="again"/>
{send(reply("200 OK", sdp(str(rtp_port), event_type, version=2)), 'next="talk"')}
<label id="hangup"/>
{send(bye, 'retrans="500" start_txn="bye"')}
<recv request="BYE" optional="true" next="both"/>
<recv response="481" optional="true" response_txn="bye" next="end"/>
<recv response="200" response_txn="bye" next="end"/>
<label id="both"/>
{send(reply("200 OK"), 'next="end"')}
<label id="cancel"/>
{send(cancel)}
<recv response="200" optional="true"/>
<recv response="481" optional="true"/>
<recv response="487" response_txn="invite" next="refused">{log("refused 487")}</recv>
<label id="refused"/>
{send(refused_ack, 'ack_txn="invite" next="end"')}
<label id="_unexp.main"/>
<nop>{log("crossed")}</nop>
{send(ack, 'next="hangup"')}
<label id="end"/>
<nop>{log("end")}</nop>
<Reference variables="whole"/>
</scenario>
"""


def crowd(keys: Sequence[tuple[str, float]], talk: float, *, forwarded: bool = False) -> str:
    """Return the scenario of one of many calls, all alike, that nobody leads.

    Keys go as SIP INFO: sipp's RTP keys need root and take half a second each.

    Args:
        keys: what to press, each with the seconds before it, the first counted from the answer.
        talk: seconds on the line after the last key; then the citizen hangs up.
        forwarded: the number that sipp's ``field0`` gives has forwarded the call.
    """
    body = sdp("[rtpstream_audio_port]", 96)
    extra = "Diversion: <sip:[field0]@[local_ip]>;reason=unconditional\n" if forwarded else ""
    invite = request("INVITE", "1", branch=INVITE_BRANCH, extra=extra, body=body)
    parts = []
    sequence = 2
    for number, (key, pause) in enumerate(keys):
        parts.append(_linger(pause, f"key{number}"))
        relay = f"Signal={key}\nDuration=100"
        text = request("INFO", str(sequence), to_tag=_TO_TAG, kind=_DTMF, body=relay)
        parts.append(send(text, 'retrans="500" start_txn="info"'))
        parts.append('<recv request="BYE" optional="true" next="theirs"/>')
        parts.append('<recv response="200" response_txn="info"/>')
        sequence += 1
    parts.append(_linger(talk, "leave"))
    bye = request("BYE", str(sequence), to_tag=_TO_TAG)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="crowd">
{send(invite, 'retrans="500" start_txn="invite" start_rtd="answer"')}
<recv response="100" optional="true" response_txn="invite"/>
<recv response="180" optional="true" response_txn="invite"/>
<recv response="183" optional="true" response_txn="invite"/>
<recv response="200" response_txn="invite" rtd="answer"/>
{send(request("ACK", "1", to_tag=_TO_TAG), 'ack_txn="invite"')}
{chr(10).join(parts)}
{send(bye, 'retrans="500" start_txn="bye"')}
<recv request="BYE" optional="true" next="theirs"/>
<recv response="481" optional="true" response_txn="bye" next="end"/>
<recv response="200" response_txn="bye" next="end"/>
<label id="theirs"/>
{send(reply("200 OK"))}
<label id="end"/>
<nop/>
</scenario>
"""


def _linger(seconds: float, label: str) -> str:
    """Wait; a BYE of the hotline meanwhile ends the call well."""
    wait = max(1, round(seconds * 1000))
    return (
        f'<recv request="BYE" timeout="{wait}" ontimeout="{label}" next="theirs"/>\n'
        f'<label id="{label}"/>'
    )
