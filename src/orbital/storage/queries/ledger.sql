-- name: lock_accounts
-- One by one, in their order, if all of them have rows; else none.
SELECT count(*)
FROM (SELECT * FROM unnest($1::bytea[], $2::bigint[]) AS account (address, chain_id) ORDER BY 1, 2) AS wanted
CROSS JOIN LATERAL (
    SELECT 1 FROM held_accounts WHERE address = wanted.address AND chain_id = wanted.chain_id FOR UPDATE
) AS held
WHERE (
    SELECT count(*)
    FROM unnest($1::bytea[], $2::bigint[]) AS account (address, chain_id)
    CROSS JOIN LATERAL (
        SELECT 1 FROM held_accounts a WHERE a.address = account.address AND a.chain_id = account.chain_id OFFSET 0
    ) AS known
) = cardinality($1::bytea[])

-- name: make_accounts
INSERT INTO held_accounts (address, chain_id) SELECT * FROM unnest($1::bytea[], $2::bigint[]) ORDER BY 1, 2
ON CONFLICT DO NOTHING

-- name: make_intents
INSERT INTO intents (intent_id) SELECT unnest($1::bytea[]) ORDER BY 1 ON CONFLICT (intent_id) DO NOTHING

-- name: lock_intents
SELECT 1
FROM (SELECT intent_id FROM unnest($1::bytea[]) AS intent_id ORDER BY intent_id) AS wanted
CROSS JOIN LATERAL (SELECT 1 FROM intents WHERE intent_id = wanted.intent_id FOR UPDATE) AS held

-- name: find_nonce_siblings
-- Intents that carry one of these (user, origin chain, nonce): submitted, or opened in a block, if only an orphaned one.
SELECT DISTINCT i.intent_id
FROM unnest($1::bytea[], $2::bigint[], $3::text[]) AS taken (user_address, chain_id, nonce)
CROSS JOIN LATERAL (
    SELECT i.intent_id FROM intents i
    WHERE i.user_address = taken.user_address AND i.origin_chain_id = taken.chain_id
      AND i.nonce = taken.nonce::numeric AND i.submitted
    UNION ALL
    SELECT f.intent_id FROM facts f
    WHERE f.name = 'IntentOpened' AND f.chain_id = taken.chain_id AND f.actor = taken.user_address
      AND coalesce(f.data #>> '{intent,nonce}', f.data ->> 'nonce') = taken.nonce
    OFFSET 0
) i

-- name: append_facts
-- A fact that is there already stays as it is; only the new ones come back.
INSERT INTO facts (intent_id, name, actor, chain_id, block_number, block_hash, tx_hash, log_index, timestamp, data)
SELECT intent_id, name, actor, chain_id, block_number, block_hash, tx_hash, log_index, timestamp, data::json
FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[],
            $8::int[], $9::bigint[], $10::text[])
     AS new (intent_id, name, actor, chain_id, block_number, block_hash, tx_hash, log_index, timestamp, data)
ON CONFLICT DO NOTHING
RETURNING seq, intent_id, name, block_hash, coalesce(log_index, -1) AS log_index

-- name: take_seqs
-- Numbers for so many facts that are about to be copied in.
SELECT array_agg(nextval('facts_seq_seq')) FROM generate_series(1, $1)

-- name: load_canonical
-- What the fold of these intents reads: their own canonical facts ... Looked up one by one, as OFFSET 0 has it: of a
-- table that grows fast the planner knows too little, and would rather read all of it than these few.
SELECT f.intent_id, f.name, f.chain_id, f.block_number, f.block_hash, f.tx_hash, f.log_index, f.timestamp, f.data
FROM unnest($1::bytea[]) AS wanted (intent_id)
CROSS JOIN LATERAL (SELECT f.* FROM facts f WHERE f.intent_id = wanted.intent_id AND f.seq < $2 OFFSET 0) f
WHERE f.block_hash IS NULL
   OR (SELECT b.canonical FROM blocks b WHERE b.chain_id = f.chain_id AND b.hash = f.block_hash)
ORDER BY f.seq

-- name: load_canonical_nonces
-- ... and what took their nonces: invalidations, and opens by which other intents used them.
SELECT taken.subject,
       f.intent_id, f.name, f.chain_id, f.block_number, f.block_hash, f.tx_hash, f.log_index, f.timestamp, f.data
FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[]) AS taken (subject, user_address, chain_id, nonce)
CROSS JOIN LATERAL (
    SELECT f.* FROM canonical_facts f
    WHERE f.name IN ('NonceInvalidated', 'IntentOpened') AND f.chain_id = taken.chain_id
      AND f.actor = taken.user_address AND coalesce(f.data #>> '{intent,nonce}', f.data ->> 'nonce') = taken.nonce
      AND f.intent_id IS DISTINCT FROM taken.subject
    OFFSET 0
) f
ORDER BY f.seq

-- name: list_events
-- The ledger of one intent for readers, orphaned facts included.
SELECT f.*, (f.block_hash IS NULL OR coalesce(b.canonical, false)) AS canonical
FROM facts f
LEFT JOIN blocks b ON b.chain_id = f.chain_id AND b.hash = f.block_hash
WHERE f.intent_id = $1 AND f.seq > $2
ORDER BY f.seq
LIMIT $3

-- name: put_deadlines
INSERT INTO deadlines (intent_id, which, round, chain_id, due_at, passed_block)
SELECT * FROM unnest($1::bytea[], $2::text[], $3::int[], $4::bigint[], $5::numeric[], $6::bigint[])
ON CONFLICT (intent_id, which, round) DO UPDATE
SET chain_id = excluded.chain_id, due_at = excluded.due_at, passed_block = excluded.passed_block
WHERE (deadlines.chain_id, deadlines.due_at, deadlines.passed_block)
      IS DISTINCT FROM (excluded.chain_id, excluded.due_at, excluded.passed_block)

-- name: mark_deadlines
UPDATE deadlines d SET passed_block = passed.block
FROM unnest($1::bytea[], $2::text[], $3::int[], $4::bigint[]) AS passed (intent_id, which, round, block)
WHERE d.intent_id = passed.intent_id AND d.which = passed.which AND d.round = passed.round

-- name: drop_deadlines
-- Of the intents $1, deadlines whose fact a reorg took; those that stay are given as rows.
DELETE FROM deadlines d
WHERE d.intent_id = ANY ($1::bytea[])
  AND NOT EXISTS (
      SELECT 1 FROM unnest($2::bytea[], $3::text[], $4::int[]) AS stays (intent_id, which, round)
      WHERE stays.intent_id = d.intent_id AND stays.which = d.which AND stays.round = d.round
  )

-- name: load_due_deadlines
-- Each waiting deadline of a chain with the first canonical block after it, when that block is indexed.
SELECT d.intent_id, d.which, d.round, b.number, b.hash, b.timestamp, i.status, i.anomaly,
       i.legs ? 'open' AS open, i.legs ? 'fill' AS fill, i.legs ? 'settle' AS settle, i.legs ? 'refund' AS refund
FROM deadlines d
JOIN intents i ON i.intent_id = d.intent_id
CROSS JOIN LATERAL (
    SELECT number, hash, timestamp FROM blocks
    -- As a bigint, or the index is of no use; deadlines may be larger than that.
    WHERE chain_id = $1 AND canonical AND timestamp > least(d.due_at, 9223372036854775807)::bigint
    ORDER BY timestamp, number LIMIT 1
) b
WHERE d.chain_id = $1 AND d.passed_block IS NULL AND d.due_at < $2::numeric
ORDER BY d.due_at, d.intent_id, d.which, d.round
LIMIT $3

-- name: list_lapses
-- Times of these solvers' lapses that were their fault.
SELECT actor, timestamp FROM canonical_facts
WHERE name = 'AwardLapsed' AND actor = ANY ($1::bytea[]) AND data ->> 'fault' = 'solver' AND timestamp > $2
ORDER BY timestamp

-- name: list_intent_ids
-- Every intent that the ledger speaks of, for a rebuild.
SELECT DISTINCT intent_id FROM facts WHERE intent_id IS NOT NULL AND intent_id > $1 ORDER BY intent_id LIMIT $2

-- name: now
-- The time of off-chain facts: the transaction's start, in whole seconds.
SELECT floor(extract(epoch FROM now()))::bigint
