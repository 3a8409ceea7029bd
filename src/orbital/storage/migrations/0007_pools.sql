-- Pools as their events add up: one row for each block in which a pool changed. A reorg changes nothing here: the state
-- now is that of the last canonical block. What no reorg can bring back is deleted.
CREATE TABLE pool_states (
    chain_id     bigint NOT NULL,
    pool         bytea  NOT NULL CHECK (octet_length(pool) = 20),
    block_number bigint NOT NULL,
    block_hash   bytea  NOT NULL CHECK (octet_length(block_hash) = 32),
    state        jsonb  NOT NULL,
    PRIMARY KEY (chain_id, pool, block_number, block_hash)
);

CREATE INDEX facts_of_pools ON facts (chain_id, block_number, log_index)
    WHERE name IN ('PoolCreated', 'TickCreated', 'TickCrossed', 'LiquidityAdded', 'LiquidityRemoved', 'FeesCollected',
                   'Swap');
