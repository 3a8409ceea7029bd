"""What happens on real chains becomes ledger rows and projections, at once and only from configured contracts."""

from orbital.chain import registry, settler
from orbital.storage import intents, pool, solvers


async def test_a_delivered_intent_is_settled_with_all_its_legs(world):
    match = await world.match()
    async with world.indexing():
        await world.open(match)
        await world.caught_up()
        assert await world.status(match) == "opened"
        receipt = await world.fill(match)
        await world.caught_up()
        assert await world.status(match) == "filled"
        await world.relay(receipt)
        await world.caught_up()
    assert await world.names(match) == ["IntentFilled", "IntentOpened", "IntentSettled"]
    async with pool.acquire(world.database) as connection:
        view = await intents.find(connection, match.intent_id)
    assert (view.status, view.solver, view.output_amount) == ("settled", world.solver.address, 995_000)
    assert [(leg, one.chain_id) for leg, one in view.legs.items()] == [
        ("fill", world.destination),
        ("open", world.origin),
        ("settle", world.origin),
    ]
    assert view.legs["fill"].tx_hash == receipt.tx_hash


async def test_a_fill_indexed_before_its_open_gives_the_same_state(world):
    match = await world.match()
    await world.settle(match)
    async with world.indexing(world.destination):
        await world.caught_up(world.destination)
    assert await world.names(match) == ["IntentFilled"]
    assert await world.status(match) is None
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    assert await world.status(match) == "settled"


async def test_an_invalidated_nonce_cancels_what_was_submitted(world, submit):
    match = await world.match()
    await submit(match)
    async with world.indexing(world.origin):
        data = settler.invalidate_nonce(match.intent.nonce)
        await world.wallet(world.origin, world.user).transact(world.settler(world.origin), data)
        await world.caught_up(world.origin)
    assert await world.status(match) == "cancelled"


async def test_a_bond_is_what_the_registry_says_last(world):
    wallet = world.wallet(world.origin, world.solver)
    async with world.indexing(world.origin):
        await wallet.transact(world.network.registry, registry.register(), 10**18)
        await wallet.transact(world.network.registry, registry.deposit(), 10**18)
        await wallet.transact(world.network.registry, registry.request_withdrawal(5 * 10**17))
        await world.caught_up(world.origin)
    async with pool.acquire(world.database) as connection:
        found = await solvers.find(connection, world.solver.address)
    assert (found.bond_wei, found.in_withdrawal_wei) == (15 * 10**17, 5 * 10**17)


async def test_other_settlers_are_not_heard(world):
    """The same contract, deployed by a stranger: its events look alike."""
    stranger = world.wallet(world.destination, world.user)
    foreign = await stranger.deploy(settler.load(), 30)
    peer = settler.Peer(world.origin, world.settler(world.origin), world.network.chains[world.origin].domain)
    await stranger.transact(foreign, settler.configure(world.network.chains[world.destination].mailbox, [peer]))
    receipt = await stranger.transact(foreign, settler.invalidate_nonce(7))
    assert [log.address for log in receipt.logs] == [foreign]
    async with world.indexing(world.destination):
        await world.caught_up(world.destination)
    assert await world.fetch("SELECT 1 FROM facts WHERE name = 'NonceInvalidated'") == []


async def test_a_backfill_in_small_batches_equals_one_in_large_ones(world, fingerprint, reset):
    for _ in range(3):
        await world.settle(await world.match())
    async with world.indexing(batch_blocks=1, batch_blocks_max=1):
        await world.caught_up()
    small = await fingerprint()
    await reset()
    async with world.indexing(batch_blocks=1000):
        await world.caught_up()
    assert await fingerprint() == small


async def test_the_heads_are_the_nodes(world):
    await world.mine(world.origin, 100)
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
        found = await world.checkpoint(world.origin)
    heads = await world.nodes[world.origin].heads()
    assert found.status == "ok"
    assert (found.heads.number, found.heads.safe, found.heads.finalized) == (
        heads.latest.number,
        heads.safe.number,
        heads.finalized.number,
    )
    assert heads.finalized.number > 0
