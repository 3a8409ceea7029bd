-- name: put_projection
-- Writes the folded state of intents whose rows are locked.
UPDATE intents SET
    user_address = $2, recipient = $3, origin_chain_id = $4, destination_chain_id = $5, input_token = $6,
    input_amount = $7, output_token = $8, min_output_amount = $9, nonce = $10, open_deadline = $11,
    fill_deadline = $12, auctioneer = $13, status = $14, submitted = $15, solver = $16, output_amount = $17,
    round = $18, open_by = $19, fill_by = $20, refund_due = $21, refundable_at = $22, legs = $23, anomaly = $24,
    auctionable = $25, unjudged_rounds = $26, lapsed_solvers = $27, created_at = $28, updated_at = $29
WHERE intent_id = $1

-- name: find_intent
-- One intent with the finality of each leg's chain and what its status needs; the hot read.
SELECT i.*,
       oc.safe_number AS origin_safe, oc.finalized_number AS origin_finalized, oc.status AS origin_status,
       dc.safe_number AS destination_safe, dc.finalized_number AS destination_finalized,
       dc.status AS destination_status
FROM intents i
LEFT JOIN checkpoints oc ON oc.chain_id = i.origin_chain_id
LEFT JOIN checkpoints dc ON dc.chain_id = i.destination_chain_id
WHERE i.intent_id = $1 AND i.status IS NOT NULL

-- name: list_by_user
-- A user's intents, newest first; $2 and $3 are the last row's (created_at, intent_id), or NULL for the first page.
-- The bound is one comparison, not an OR: only so is it the index's start in a plan for any parameters.
SELECT i.*,
       oc.safe_number AS origin_safe, oc.finalized_number AS origin_finalized, oc.status AS origin_status,
       dc.safe_number AS destination_safe, dc.finalized_number AS destination_finalized,
       dc.status AS destination_status
FROM intents i
LEFT JOIN checkpoints oc ON oc.chain_id = i.origin_chain_id
LEFT JOIN checkpoints dc ON dc.chain_id = i.destination_chain_id
WHERE i.user_address = $1 AND i.status IS NOT NULL
  AND (i.created_at, i.intent_id) < (coalesce($2::bigint, 9223372036854775807), coalesce($3::bytea, ''::bytea))
  AND ($4::text IS NULL OR i.status = $4)
  AND ($5::bigint IS NULL OR i.origin_chain_id = $5)
  AND ($6::bigint IS NULL OR i.destination_chain_id = $6)
ORDER BY i.created_at DESC, i.intent_id DESC
LIMIT $7

-- name: find_by_nonce
-- The intent that was submitted with this user, origin chain and nonce.
SELECT intent_id FROM intents
WHERE user_address = $1 AND origin_chain_id = $2 AND nonce = $3 AND submitted

-- name: is_nonce_taken
-- Whether the indexed chain says that the nonce is used up.
SELECT EXISTS (
    SELECT 1 FROM canonical_facts f
    WHERE f.name IN ('NonceInvalidated', 'IntentOpened') AND f.chain_id = $1 AND f.actor = $2
      AND coalesce(f.data ->> 'nonce', f.data -> 'intent' ->> 'nonce') = $3::text
)

-- name: count_opens
-- How often the indexed chain saw this user open: an intent that was opened is paid for, and no longer live.
SELECT count(*) FROM canonical_facts WHERE name = 'IntentOpened' AND chain_id = $1 AND actor = $2

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
