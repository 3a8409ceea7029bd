-- name: put_projection
-- Writes the folded state of intents whose rows are locked.
UPDATE intents SET
    protocol = $2, reference = $3, user_address = $4, recipient = $5, origin_chain_id = $6,
    destination_chain_id = $7, input_token = $8, input_amount = $9, output_token = $10, min_output_amount = $11,
    nonce = $12, open_deadline = $13, fill_deadline = $14, auctioneer = $15, status = $16, submitted = $17,
    solver = $18, output_amount = $19, round = $20, open_by = $21, fill_by = $22, refund_due = $23,
    refundable_at = $24, legs = $25, anomaly = $26, auctionable = $27, unjudged_rounds = $28, lapsed_solvers = $29,
    created_at = $30, updated_at = $31
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
