-- name: stage
-- States on their way into `intents` when there are many: a table of the session, empty between transactions.
CREATE TEMP TABLE IF NOT EXISTS staged_intents (LIKE intents) ON COMMIT DELETE ROWS

-- name: staged_states
-- Many states, for the update below, in the order of the table's columns.
DELETE FROM staged_intents RETURNING *

-- name: few_states
-- The same of a few, given as columns; large numbers, JSON and lists come as text.
SELECT intent_id, protocol, reference, user_address, recipient, origin_chain_id, destination_chain_id, input_token,
       input_amount::numeric, output_token, min_output_amount::numeric, nonce::numeric, open_deadline, fill_deadline,
       auctioneer, status, submitted, solver, output_amount::numeric, round, open_by, fill_by, refund_due,
       refundable_at, legs::jsonb, anomaly, auctionable, unjudged_rounds::integer[], lapsed_solvers::bytea[],
       created_at, updated_at
FROM unnest(
    $1::bytea[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bytea[], $9::text[],
    $10::bytea[], $11::text[], $12::text[], $13::numeric[], $14::numeric[], $15::bytea[], $16::text[], $17::boolean[],
    $18::bytea[], $19::text[], $20::integer[], $21::numeric[], $22::numeric[], $23::boolean[], $24::numeric[],
    $25::text[], $26::text[], $27::boolean[], $28::text[], $29::text[], $30::bigint[], $31::bigint[]
) AS given (
    intent_id, protocol, reference, user_address, recipient, origin_chain_id, destination_chain_id, input_token,
    input_amount, output_token, min_output_amount, nonce, open_deadline, fill_deadline, auctioneer, status, submitted,
    solver, output_amount, round, open_by, fill_by, refund_due, refundable_at, legs, anomaly, auctionable,
    unjudged_rounds, lapsed_solvers, created_at, updated_at
)

-- name: list_known
SELECT intent_id FROM intents WHERE intent_id = ANY ($1::bytea[])

-- name: insert_states
-- A few, in the order in which rows are locked. What is there already stays as it is.
WITH n AS ({states})
INSERT INTO intents SELECT * FROM n ORDER BY intent_id ON CONFLICT (intent_id) DO NOTHING RETURNING intent_id

-- name: update_states
WITH n AS ({states})
UPDATE intents SET
    protocol = n.protocol, reference = n.reference, user_address = n.user_address, recipient = n.recipient,
    origin_chain_id = n.origin_chain_id, destination_chain_id = n.destination_chain_id, input_token = n.input_token,
    input_amount = n.input_amount, output_token = n.output_token, min_output_amount = n.min_output_amount,
    nonce = n.nonce, open_deadline = n.open_deadline, fill_deadline = n.fill_deadline, auctioneer = n.auctioneer,
    status = n.status, submitted = n.submitted, solver = n.solver, output_amount = n.output_amount, round = n.round,
    open_by = n.open_by, fill_by = n.fill_by, refund_due = n.refund_due, refundable_at = n.refundable_at,
    legs = n.legs, anomaly = n.anomaly, auctionable = n.auctionable, unjudged_rounds = n.unjudged_rounds,
    lapsed_solvers = n.lapsed_solvers, created_at = n.created_at, updated_at = n.updated_at
FROM n WHERE intents.intent_id = n.intent_id

-- name: find_intent
-- One intent with the finality of each leg's chain (final is what was verified) and what its status needs; the hot read.
SELECT i.*,
       oc.safe_number AS origin_safe, oc.verified_number AS origin_finalized, oc.status AS origin_status,
       dc.safe_number AS destination_safe, dc.verified_number AS destination_finalized,
       dc.status AS destination_status
FROM intents i
LEFT JOIN followed_chains oc ON oc.chain_id = i.origin_chain_id
LEFT JOIN followed_chains dc ON dc.chain_id = i.destination_chain_id
WHERE i.intent_id = $1 AND i.status IS NOT NULL

-- name: list_by_user
-- A user's intents, newest first; $2 and $3 are the last row's (created_at, intent_id), or NULL for the first page.
-- The bound is one comparison, not an OR: only so is it the index's start in a plan for any parameters.
SELECT i.*,
       oc.safe_number AS origin_safe, oc.verified_number AS origin_finalized, oc.status AS origin_status,
       dc.safe_number AS destination_safe, dc.verified_number AS destination_finalized,
       dc.status AS destination_status
FROM intents i
LEFT JOIN followed_chains oc ON oc.chain_id = i.origin_chain_id
LEFT JOIN followed_chains dc ON dc.chain_id = i.destination_chain_id
WHERE i.user_address = $1 AND i.status IS NOT NULL
  AND (i.created_at, i.intent_id) < (coalesce($2::bigint, 9223372036854775807), coalesce($3::bytea, ''::bytea))
  AND ($4::text IS NULL OR i.status = $4)
  AND ($5::bigint IS NULL OR i.origin_chain_id = $5)
  AND ($6::bigint IS NULL OR i.destination_chain_id = $6)
ORDER BY i.created_at DESC, i.intent_id DESC
LIMIT $7

-- name: find_standing
-- What intake compares an intent with, of user $1, origin chain $2, nonce $3 and input token $4: who was submitted with
-- the nonce, whether the indexed chain says that it is used up, whether the user opened in a block above $5 (an intent
-- that was opened is paid for, and no longer live), his live intents as in `sum_live`, and the chain's own time.
-- Above $5 there are a few blocks, so they are looked through one by one: he may have opened tens of thousands below.
SELECT (
           SELECT intent_id FROM intents
           WHERE user_address = $1 AND origin_chain_id = $2 AND nonce = $3::numeric AND submitted
       ) AS nonce_holder,
       EXISTS (
           SELECT 1 FROM canonical_facts f
           WHERE f.name IN ('NonceInvalidated', 'IntentOpened') AND f.chain_id = $2 AND f.actor = $1
             AND coalesce(f.data #>> '{intent,nonce}', f.data ->> 'nonce') = $3::text
       ) AS is_nonce_taken,
       coalesce((
           SELECT CASE WHEN c.number - $5::bigint <= 1000 THEN EXISTS (
               SELECT 1 FROM generate_series($5 + 1, c.number) AS above (number)
               CROSS JOIN LATERAL (
                   SELECT f.name, f.actor, f.block_hash FROM facts f
                   WHERE f.chain_id = $2 AND f.block_number = above.number
                   OFFSET 0
               ) f
               JOIN blocks b ON b.chain_id = $2 AND b.hash = f.block_hash AND b.canonical
               WHERE f.name = 'IntentOpened' AND f.actor = $1
           ) ELSE EXISTS (
               SELECT 1 FROM canonical_facts f
               WHERE f.name = 'IntentOpened' AND f.chain_id = $2 AND f.actor = $1 AND f.block_number > $5
           ) END
           FROM checkpoints c WHERE c.chain_id = $2 AND c.number > $5
       ), false) AS is_opened_above,
       count(*) AS live,
       coalesce(sum(input_amount) FILTER (WHERE input_token = $4 AND origin_chain_id = $2), 0)::numeric(78, 0)
           AS inputs,
       coalesce((SELECT greatest(timestamp, head_timestamp) FROM checkpoints WHERE chain_id = $2), 0) AS head_time,
       floor(extract(epoch FROM now()))::bigint AS now
FROM intents
WHERE user_address = $1 AND status IN ('pending', 'matched')

-- name: sum_live
-- How many live intents a user has, and what they take of one token on one chain.
SELECT count(*) AS live,
       coalesce(sum(input_amount) FILTER (WHERE input_token = $2 AND origin_chain_id = $3), 0)::numeric(78, 0) AS inputs
FROM intents
WHERE user_address = $1 AND status IN ('pending', 'matched')

-- name: count_by_status
SELECT status, count(*) AS intents FROM intents WHERE user_address = $1 AND status IS NOT NULL GROUP BY status

-- name: put_submission
INSERT INTO submissions (intent_id, signature) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: find_signature
SELECT signature FROM submissions WHERE intent_id = $1
