"""Source `claude_code`: Anthropic's Claude Code analytics report, version 1.

A person has one line per terminal and customer type on a UTC day; the lines of one body are added
up, a later body replaces them. Amounts are cents. People are known by their present address, keys
of services by their name; a service key is no person.

Source: Anthropic docs, "Claude Code usage report", GET /v1/organizations/usage_report/claude_code.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from adoption.sources.canonical import micros, read_currency
from adoption.sources.periods import check_day
from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import Measures, added, frame_of, parse_report, sum_over
from adoption.sources.subjects import normal_id
from organizations.sources.fields import Fields, read_day
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import Columns, Media

NAME = "claude_code"
VERSION = 1
ACCEPTED = (Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 1
CENTS = 100
COLUMNS = Columns(
    rows_in="data",
    known=frozenset(
        {
            *("actor", "date", "organization_id", "core_metrics", "tool_actions"),
            *("model_breakdown",),
            # documented and dropped
            *("customer_type", "subscription_type", "terminal_type"),
        }
    ),
)
_MIDNIGHT = "T00:00:00Z"


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError` initiative_missing."""
    return parse_report(
        blocks,
        content_type=content_type,
        context=context,
        accepted=ACCEPTED,
        columns=COLUMNS,
        read=_facts,
        label="Claude Code",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    day = fields.need("date", fields.text("date")).removesuffix(_MIDNIGHT)
    kind, external_id = _actor(fields.need("actor", fields.nested("actor")))
    about = frame_of(NAME, context).on_day(
        line,
        check_day("date", read_day("date", day), context),
        kind=kind,
        external_id=external_id,
        scope=fields.text("organization_id", longest=120) or "",
    )
    core = fields.nested("core_metrics")
    tools = fields.nested("tool_actions")
    accepted, rejected = sum_over(tools, "accepted"), sum_over(tools, "rejected")
    measures = _models(fields)
    measures["accepted"], measures["rejected"] = accepted, rejected
    measures["active"] = bool(measures.get("tokens_out")) or bool(accepted)
    measures["sessions"] = core.whole("num_sessions") if core else None
    return [about.fact(Surface.CLI, **measures)]


def _actor(actor: Fields) -> tuple[SubjectKind, str]:
    email, key = actor.text("email_address"), actor.text("api_key_name")
    if email is not None:
        return SubjectKind.EMAIL, normal_id("email_address", SubjectKind.EMAIL, email)
    if key is not None:
        return SubjectKind.APIKEY, normal_id("api_key_name", SubjectKind.APIKEY, key)
    raise ReadError(
        Code.BAD_SUBJECT, "The actor names neither an address nor an API key.", field="actor"
    )


def _models(fields: Fields) -> Measures:
    """Tokens and estimated cost over all models. Tokens in are the uncached and the cached ones."""
    models = fields.listed("model_breakdown")
    if not models:
        return {}
    tokens = [found for found in (model.nested("tokens") for model in models) if found]
    cost, currency = _cost(models)
    return {
        "tokens_in": added(
            *(
                found.whole(name)
                for found in tokens
                for name in ("input", "cache_read", "cache_creation")
            )
        ),
        "tokens_cached": added(*(found.whole("cache_read") for found in tokens)),
        "tokens_out": added(*(found.whole("output") for found in tokens)),
        "cost_micros": micros(cost, per=CENTS),
        "currency": currency,
    }


def _cost(models: list[Fields]) -> tuple[Decimal | None, str | None]:
    costs = [found for found in (model.nested("estimated_cost") for model in models) if found]
    amounts = [amount for cost in costs if (amount := cost.amount("amount")) is not None]
    currencies = {currency for cost in costs if (currency := read_currency(cost))}
    if len(currencies) > 1:
        raise ReadError(
            Code.BAD_CURRENCY, "The models of a line are in several currencies.", field="currency"
        )
    return (sum(amounts, Decimal(0)) if amounts else None), next(iter(currencies), None)
