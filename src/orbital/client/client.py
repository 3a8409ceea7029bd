"""The public client: everything that a user or a solver does with the service, signed where that is needed.

    async with Client("http://127.0.0.1:8080", signer) as client:
        view = await client.submit(intent)
        status = await client.fetch_status(view.intent_id)

Errors: ApiError when the service says no, Unavailable("api_unavailable") when it says nothing, Rejected for what can't
be signed. Nothing is repeated but a call whose token ran out.
"""

import typing

from orbital.chain import eip712, hexes, keys
from orbital.client import http, wire, wire_pools, wire_solvers, wire_standings
from orbital.domain import errors
from orbital.domain.intent import Bid, Intent
from orbital.domain.solver import Changes, Registration
from orbital.domain.standings import Sort, Window
from orbital.domain.types import Address, Amount, ChainId, Hash32, IntentId, UnixSeconds

PAGE_ROWS: typing.Final = 100
PENDING_PAGES_MAX: typing.Final = 10

IntentRef = str | IntentId


class Client:
    """One account's view of the service; without a signer, anybody's."""

    def __init__(
        self, url: str, signer: keys.Signer | None = None, timeout_seconds: float = http.TIMEOUT_SECONDS
    ) -> None:
        self._connection = http.Connection(url, signer, timeout_seconds)
        self._settlers: dict[int, Address] = {}

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._connection.aclose()

    @property
    def address(self) -> Address:
        """Whose client this is."""
        return self._connection.signer.address

    async def login(self) -> wire.Login:
        """Sign in now. Calls that need it do so by themselves."""
        return await self._connection.login()

    async def logout(self) -> None:
        """End the session; its tokens are worth nothing from then on. A call that needs one signs in again."""
        await self._connection.logout()

    async def fetch_profile(self) -> wire.Profile:
        """The account's roles as they are now, and how many intents it has in each status."""
        return await self._connection.call(wire.Profile, "GET", "/api/v1/auth/profile", signed_in=True)

    # ------------------------------------------------------------------ users

    async def sign(self, intent: Intent) -> tuple[IntentId, bytes]:
        """The intent's id and the account's signature over it."""
        intent_id = eip712.intent_id(intent, await self._settler(intent.origin_chain_id))
        return intent_id, self._connection.signer.sign(Hash32(intent_id))

    async def submit(self, intent: Intent, signature: bytes | None = None) -> wire.IntentView:
        """Sign (unless a signature is given) and submit. The same intent again gives it as it is now."""
        if signature is None:
            _, signature = await self.sign(intent)
        body = {"intent": wire.write_intent(intent), "signature": hexes.to_hex(signature)}
        return await self._connection.call(wire.IntentView, "POST", "/api/v1/intents", json=body)

    async def fetch_intent(self, intent_id: IntentRef) -> wire.IntentView:
        return await self._connection.call(wire.IntentView, "GET", f"/api/v1/intents/{_id(intent_id)}")

    async def fetch_status(self, intent_id: IntentRef) -> wire.Status:
        return await self._connection.call(wire.Status, "GET", f"/api/v1/intents/{_id(intent_id)}/status")

    async def list_events(self, intent_id: IntentRef) -> list[wire.Event]:
        """The whole ledger of an intent, in order of arrival."""
        return await self._list(wire.Page[wire.Event], f"/api/v1/intents/{_id(intent_id)}/events", {})

    async def list_intents(self, **only: str | int) -> list[wire.IntentView]:
        """The account's intents, newest first; `only` is status, origin_chain_id, destination_chain_id."""
        query = {name: str(value) for name, value in only.items()}
        return await self._list(wire.Page[wire.IntentView], "/api/v1/intents", query, signed_in=True)

    async def cancel(self, intent_id: IntentRef) -> wire.IntentView:
        """Take an intent back; ApiError `intent_matched` while an award is live."""
        path = f"/api/v1/intents/{_id(intent_id)}/cancel"
        return await self._connection.call(wire.IntentView, "POST", path, signed_in=True)

    # ---------------------------------------------------------------- solvers

    async def list_pending(self) -> list[wire.Pending]:
        """Auctions in which this solver may bid, oldest first."""
        return await self._list(
            wire.Page[wire.Pending], "/api/v1/intents/pending", {}, signed_in=True, pages_max=PENDING_PAGES_MAX
        )

    async def bid(
        self, intent_id: IntentId, origin_chain_id: ChainId, output_amount: Amount, valid_until: UnixSeconds
    ) -> wire.AcceptedBid:
        """Sign and place a bid; the last one counts."""
        signer = self._connection.signer
        bid = Bid(intent_id, signer.address, output_amount, valid_until)
        digest = eip712.bid_digest(bid, origin_chain_id, await self._settler(origin_chain_id))
        fields = {
            "intent_id": hexes.to_hex(intent_id),
            "solver": hexes.to_checksum(bid.solver),
            "output_amount": str(output_amount),
            "valid_until": valid_until,
        }
        body = {"bid": fields, "signature": hexes.to_hex(signer.sign(digest))}
        path = f"/api/v1/intents/{_id(intent_id)}/bids"
        return await self._connection.call(wire.AcceptedBid, "POST", path, json=body, signed_in=True)

    async def fetch_award(self, intent_id: IntentRef) -> wire.SignedAward:
        """The solver's award for an intent; ApiError `not_found` for who has none."""
        path = f"/api/v1/intents/{_id(intent_id)}/award"
        return await self._connection.call(wire.SignedAward, "GET", path, signed_in=True)

    async def list_live_awards(self, *, wait_seconds: int = 0, etag: str | None = None) -> wire.Awards | None:
        """The solver's usable awards; None when they are still those of `etag` after `wait_seconds` (at most 20)."""
        path = f"/api/v1/solver/{hexes.to_checksum(self.address)}/awards"
        query = {"live": "true", "limit": str(PAGE_ROWS)}
        response = await self._connection.send(
            "GET",
            path,
            query=query | {"wait": str(wait_seconds)},
            headers={"if-none-match": etag} if etag else None,
            signed_in=True,
            wait_seconds=wait_seconds,
            also=frozenset({http.NOT_MODIFIED}),
        )
        if response.status_code == http.NOT_MODIFIED:
            return None
        first = http.decode(wire.Page[wire.SignedAward], response)
        rest: list[wire.SignedAward] = []
        if first.next_cursor is not None:
            rest = await self._list(
                wire.Page[wire.SignedAward], path, query | {"cursor": first.next_cursor}, signed_in=True
            )
        return wire.Awards(first.data + rest, response.headers.get("etag"))

    async def register_solver(self, told: Registration) -> wire_solvers.Solver:
        """Sign and register this account's profile; ApiError `already_registered` for who has one."""
        registry = (await self.fetch_protocol()).registry
        digest = eip712.registration_digest(told, ChainId(registry.chain_id), hexes.parse_address(registry.address))
        signature = hexes.to_hex(self._connection.signer.sign(digest))
        body = {"registration": wire_solvers.write_registration(told), "signature": signature}
        return await self._connection.call(wire_solvers.Solver, "POST", "/api/v1/solver/register", json=body)

    async def update_solver(self, changes: Changes) -> wire_solvers.Solver:
        """Change this account's profile; ApiError `not_found` for who has none."""
        body = wire_solvers.write_changes(changes)
        path = f"/api/v1/solver/{hexes.to_checksum(self.address)}/update"
        return await self._connection.call(wire_solvers.Solver, "PUT", path, json=body, signed_in=True)

    # ----------------------------------------------------------- administrators

    async def suspend_solver(self, solver: Address, reason: str) -> wire_solvers.Solver:
        """Take a solver's role; ApiError `already_suspended` if it has none to lose."""
        return await self._decide(solver, "suspend", reason)

    async def reinstate_solver(self, solver: Address, reason: str) -> wire_solvers.Solver:
        """End a suspension; ApiError `not_suspended` if there is none."""
        return await self._decide(solver, "reinstate", reason)

    # ------------------------------------------------------------------ anybody

    async def fetch_protocol(self) -> wire.Protocol:
        return await self._connection.call(wire.Protocol, "GET", "/api/v1/protocol")

    async def list_chains(self) -> list[wire.Chain]:
        return (await self._connection.call(wire.Page[wire.Chain], "GET", "/api/v1/chains")).data

    async def list_tokens(self) -> list[wire.Token]:
        return (await self._connection.call(wire.Page[wire.Token], "GET", "/api/v1/tokens")).data

    async def fetch_quote(
        self, given: wire_pools.TokenRef, wanted: wire_pools.TokenRef, amount: int
    ) -> wire_pools.Quote:
        """What `amount` base units of a token bring of another, each as (chain id, address); it binds nobody."""
        asked = {
            "origin_chain_id": given[0],
            "destination_chain_id": wanted[0],
            "input_token": hexes.to_checksum(given[1]),
            "output_token": hexes.to_checksum(wanted[1]),
            "input_amount": str(amount),
        }
        return await self._connection.call(wire_pools.Quote, "POST", "/api/v1/quotes", json=asked)

    async def list_pools(self) -> list[wire_pools.Pool]:
        return await self._list(wire.Page[wire_pools.Pool], "/api/v1/pools", {})

    async def fetch_pool(self, chain_id: int, address: Address) -> wire_pools.PoolDetail:
        """A pool with its ticks, prices and depth."""
        path = f"/api/v1/pools/{chain_id}/{hexes.to_checksum(address)}"
        return await self._connection.call(wire_pools.PoolDetail, "GET", path)

    async def fetch_solver(self, solver: Address) -> wire_solvers.Solver:
        """ApiError `not_found` for one that is not known."""
        path = f"/api/v1/solver/{hexes.to_checksum(solver)}"
        return await self._connection.call(wire_solvers.Solver, "GET", path)

    async def list_solvers(self, **only: str | int) -> list[wire_solvers.Solver]:
        """Best first; `only` is chain_id, min_reputation, max_fee_bps, status."""
        query = {name: str(value) for name, value in only.items()}
        return await self._list(wire.Page[wire_solvers.Solver], "/api/v1/solver", query)

    async def fetch_leaderboard(
        self,
        window: str = Window.MONTH,
        sort: str = Sort.REPUTATION,
        *,
        limit: int = PAGE_ROWS,
        cursor: str | None = None,
    ) -> wire_standings.Leaderboard:
        """A page of solvers, best first; the next one with its `next_cursor`."""
        query = {"window": str(window), "sort": str(sort), "limit": str(limit)}
        query |= {} if cursor is None else {"cursor": cursor}
        return await self._connection.call(wire_standings.Leaderboard, "GET", "/api/v1/solver/leaderboard", query=query)

    async def fetch_performance(self, solver: Address, window: str = Window.MONTH) -> wire_standings.Performance:
        """What a solver did in the window, and its reputation; ApiError `not_found` for one that is not known."""
        path = f"/api/v1/solver/{hexes.to_checksum(solver)}/performance"
        return await self._connection.call(wire_standings.Performance, "GET", path, query={"window": str(window)})

    async def fetch_health(self) -> wire.Health:
        """How the service is; an unhealthy one says so, it is no error here."""
        response = await self._connection.send("GET", "/health", also=frozenset({http.UNHEALTHY}))
        return http.decode(wire.Health, response)

    # ------------------------------------------------------------------ private

    async def _list(
        self,
        page: type[wire.Page[wire.Item]],
        path: str,
        query: dict[str, str],
        *,
        signed_in: bool = False,
        pages_max: int | None = None,
    ) -> list[wire.Item]:
        """All rows of a list, page by page."""
        rows: list[wire.Item] = []
        asked = {"limit": str(PAGE_ROWS)} | query
        pages = 0
        while pages_max is None or pages < pages_max:
            found = await self._connection.call(page, "GET", path, query=asked, signed_in=signed_in)
            rows += found.data
            pages += 1
            if found.next_cursor is None:
                break
            asked["cursor"] = found.next_cursor
        return rows

    async def _decide(self, solver: Address, verb: str, reason: str) -> wire_solvers.Solver:
        path = f"/api/v1/solver/{hexes.to_checksum(solver)}/{verb}"
        return await self._connection.call(wire_solvers.Solver, "POST", path, json={"reason": reason}, signed_in=True)

    async def _settler(self, chain_id: int) -> Address:
        """The settler of a chain, asked once: it is part of every digest."""
        if chain_id not in self._settlers:
            self._settlers = {one.chain_id: hexes.parse_address(one.settler) for one in await self.list_chains()}
        if chain_id not in self._settlers:
            raise errors.Rejected("unsupported_chain", f"Chain {chain_id} is not served.")
        return self._settlers[chain_id]


def _id(intent_id: IntentRef) -> str:
    return intent_id if isinstance(intent_id, str) else hexes.to_hex(intent_id)
