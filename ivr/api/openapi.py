"""``/openapi.json``: the description of the API (OpenAPI 3.1), made from the table of routes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ivr.api.handlers import COOKIE
from ivr.api.inbox_models import DRAFT_ID, MESSAGE_ID
from ivr.api.models import SEAT_NUMBER, ErrorOut
from ivr.api.order_models import ORDER_NUMBER
from ivr.api.problems import PROBLEMS
from ivr.api.routes import ROUTES, Access, Route
from ticketing.domain.transcripts import Source
from ticketing.service.sounds import LEG

_REF = "#/components/schemas/{model}"
_PARTS = {
    "number": {"type": "string", "pattern": SEAT_NUMBER},
    "order": {"type": "string", "pattern": ORDER_NUMBER},
    "seq": {"type": "string", "pattern": "^[0-9]{1,8}$"},
    "message": {"type": "string", "pattern": MESSAGE_ID},
    "item": {"type": "string", "pattern": MESSAGE_ID},
    "draft": {"type": "string", "pattern": DRAFT_ID},
    "source": {"type": "string", "enum": [source.value for source in Source]},
    "leg": {"type": "string", "pattern": f"^({LEG})$"},
}
_SECURITY: dict[object, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [],
    Access.WORKER: [{"bearer": []}],
}


def write(file: str) -> None:
    """Write the description of all routes, from which the console's types are made."""
    Path(file).write_text(json.dumps(describe(ROUTES, "0"), ensure_ascii=False), "utf-8")


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The whole description; ``version`` is the program's."""
    rows = tuple(routes)
    used: set[type[BaseModel]] = {ErrorOut}
    for row in rows:
        used.update(m for m in (row.body, row.returns, *row.also.values()) if m is not None)
    _, schemas = models_json_schema(
        [(model, "validation") for model in sorted(used, key=lambda model: model.__name__)],
        ref_template=_REF,
    )
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "12345 hotline",
            "version": version,
            "description": "Calls, seats and queues of a 12345 citizens' hotline.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": f"{COOKIE}_PORT where the address has a port.",
                },
            },
        },
    }


def _operation(row: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": row.summary,
        "tags": [row.path.removeprefix("/api/v1/").strip("/").partition("/")[0]],
        "security": _SECURITY.get(row.access, [{"bearer": []}, {"cookie": []}]),
        "responses": _responses(row),
    }
    if row.access is Access.WORKER:
        operation["description"] = "For the worker that has the job in hand, by its own token."
    if not isinstance(row.access, Access):
        operation["description"] = f"Needs the permission `{row.access}`."
    parameters = [*_path_parameters(row), *_query_parameters(row)]
    if parameters:
        operation["parameters"] = parameters
    if row.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(row.body)}
    if row.upload:
        file = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": file},
        }
    return operation


def _path_parameters(row: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PARTS.get(name, {"type": "string", "minLength": 1}),
        }
        for name in re.findall(r"{(\w+)}", row.path)
    ]


def _query_parameters(row: Route) -> list[dict[str, Any]]:
    if row.query is None:
        return []
    schema = row.query.model_json_schema(ref_template=_REF)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": part.get("description", ""),
            "schema": _inlined(
                _without_null({k: v for k, v in part.items() if k != "description"}),
                schema.get("$defs", {}),
            ),
        }
        for name, part in schema["properties"].items()
    ]


def _inlined(part: dict[str, Any], defined: dict[str, Any]) -> dict[str, Any]:
    """A query's parameter stands by itself: what it refers to is put in its place."""
    if "$ref" not in part:
        return part
    name = part["$ref"].rpartition("/")[2]
    return {**{k: v for k, v in part.items() if k != "$ref"}, **defined[name]}


def _without_null(part: dict[str, Any]) -> dict[str, Any]:
    """A query's parameter is there or not; it is never null."""
    kinds = [kind for kind in part.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return part
    rest = {k: v for k, v in part.items() if k not in {"anyOf", "default"}}
    return {**rest, **kinds[0]}


def _responses(row: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {str(row.status): _response(row.status, row.returns, row.media)}
    for status, model in row.also.items():
        responses[str(status)] = _response(status, model, row.media)
    for status, ids in sorted(_errors(row).items()):
        if str(status) not in responses:
            answer = _response(status, ErrorOut, row.media)
            answer["description"] = "; ".join(f"`{each}`: {_plain(each)}" for each in sorted(ids))
            responses[str(status)] = answer
    return responses


def _response(status: int, model: type[BaseModel] | None, media: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if model is not None:
        answer["content"] = _json(model)
    elif media != "application/json" and status in {200, 206}:
        answer["content"] = {media: {}}
    return answer


def _errors(row: Route) -> dict[int, set[str]]:
    ids = {error.id for error in row.raises}
    ids |= {"bad_request", "internal_error", "database_unavailable"}
    if row.method != "GET":
        ids |= {"foreign_origin"}
    if row.body is not None:
        ids |= {"body_too_large", "unsupported_media_type", "request_timeout"}
    if row.upload:
        ids |= {"request_timeout"}
    if row.access is not Access.PUBLIC:
        unlocked = row.locked or row.access is Access.WORKER
        ids |= {"not_logged_in"} | (set() if unlocked else {"password_change_required"})
    if not isinstance(row.access, Access):
        ids |= {"not_allowed"}
    if "{" in row.path:
        ids |= {"not_found"}
    by_status: dict[int, set[str]] = {}
    for each in ids:
        by_status.setdefault(PROBLEMS[each].status, set()).add(each)
    return by_status


def _plain(id: str) -> str:  # noqa: A002
    return re.sub(r"[:;] [^:;]*{\w+}.*$", "", PROBLEMS[id].en)


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
