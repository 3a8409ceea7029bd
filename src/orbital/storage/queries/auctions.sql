-- name: open_round
INSERT INTO auctions (intent_id, round, closes_at) VALUES ($1, $2, now() + $3::interval) ON CONFLICT DO NOTHING
RETURNING closes_at

-- name: find_open_round
SELECT round, opened_at, closes_at, idle, (closes_at > now()) AS running, now() AS now
FROM auctions WHERE intent_id = $1 AND state = 'open' ORDER BY round DESC LIMIT 1

-- name: restart_window
-- The first bid of an idle auction starts its window.
UPDATE auctions SET closes_at = now() + $3::interval, idle = false WHERE intent_id = $1 AND round = $2 AND idle
RETURNING closes_at

-- name: find_last_bid
SELECT bid_id FROM bids WHERE intent_id = $1 AND round = $2 AND solver = $3 ORDER BY seq DESC LIMIT 1

-- name: put_bid
INSERT INTO bids (bid_id, intent_id, round, solver, output_amount, valid_until, signature)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: list_bids
SELECT seq, intent_id, solver, output_amount, valid_until, received_at, bid_id
FROM bids WHERE intent_id = $1 AND round = $2 ORDER BY seq

-- name: list_pending
-- Open auctions for solvers, oldest first; $1 and $2 are the last row's (opened_at, intent_id), or NULL.
SELECT i.*, a.round AS auction_round, a.opened_at, a.idle,
       CASE WHEN a.idle THEN now() + $3::interval ELSE a.closes_at END AS closes_at,
       oc.timestamp AS origin_time
FROM auctions a
JOIN intents i USING (intent_id)
LEFT JOIN checkpoints oc ON oc.chain_id = i.origin_chain_id
WHERE a.state = 'open' AND (a.idle OR a.closes_at > now()) AND i.status IN ('pending', 'opened')
  AND (a.opened_at, a.intent_id) > (coalesce($1::timestamptz, '-infinity'), coalesce($2::bytea, ''::bytea))
  AND ($4::bigint[] IS NULL OR (i.origin_chain_id = ANY ($4) AND i.destination_chain_id = ANY ($4)))
  AND ($5::bytea[] IS NULL OR (i.input_token = ANY ($5) AND i.output_token = ANY ($5)))
  AND NOT ($6::bytea = ANY (i.lapsed_solvers))
ORDER BY a.opened_at, a.intent_id
LIMIT $7

-- name: list_due
-- Rounds whose window has passed, for the auctioneer.
SELECT intent_id, round FROM auctions WHERE state = 'open' AND NOT idle AND closes_at <= now()
ORDER BY closes_at LIMIT $1

-- name: next_close
-- Seconds until the next round is due; NULL without one.
SELECT extract(epoch FROM min(closes_at) - now())::float8 FROM auctions WHERE state = 'open' AND NOT idle

-- name: lock_round
SELECT round, closes_at, idle, (closes_at <= now() AND NOT idle) AS due,
       floor(extract(epoch FROM now()))::bigint AS now
FROM auctions WHERE intent_id = $1 AND round = $2 AND state = 'open' FOR UPDATE

-- name: close_round
UPDATE auctions SET state = $3, closed_at = now(), idle = false, outcome = $4 WHERE intent_id = $1 AND round = $2

-- name: idle_round
UPDATE auctions SET idle = true, outcome = $3 WHERE intent_id = $1 AND round = $2

-- name: list_void
-- Open rounds of intents that need no award any more: cancelled, expired, opened by another way, filled.
SELECT a.intent_id, a.round FROM auctions a JOIN intents i USING (intent_id)
WHERE a.state = 'open' AND NOT (i.auctionable AND i.status IN ('pending', 'opened'))
ORDER BY a.opened_at, a.intent_id LIMIT $1

-- name: list_unauctioned
-- Intents of this auctioneer that may have a round and have none open. One that its user opened unasked and that was
-- refused is not looked at again, unless it is submitted after all.
SELECT i.intent_id FROM intents i
WHERE i.auctionable AND i.auctioneer = $1
  AND NOT EXISTS (
      SELECT 1 FROM auctions a
      WHERE a.intent_id = i.intent_id AND (a.state = 'open' OR (a.outcome ? 'refused' AND NOT i.submitted))
  )
ORDER BY i.created_at, i.intent_id LIMIT $2

-- name: list_reopenable
-- Delivered intents whose open a reorg took away and whose award lapsed: their solver needs another one.
SELECT i.intent_id FROM intents i
WHERE i.auctioneer = $1 AND i.status = 'pending' AND i.legs ? 'fill' AND i.open_by IS NULL
ORDER BY i.updated_at, i.intent_id LIMIT $2

-- name: last_round
SELECT coalesce(max(round), 0) FROM auctions WHERE intent_id = $1

-- name: list_rounds
SELECT round, state, opened_at, closes_at, closed_at, outcome FROM auctions WHERE intent_id = $1 ORDER BY round

-- name: put_award
INSERT INTO awards (intent_id, round, solver, output_amount, open_by, fill_by, signature, epoch)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: find_award
-- A solver's latest award for an intent.
SELECT a.solver AS award_solver, a.output_amount AS award_output, a.open_by AS award_open_by,
       a.fill_by AS award_fill_by, a.round AS award_round, a.signature AS award_signature,
       a.created_at AS awarded_at, s.signature AS user_signature, i.*
FROM awards a JOIN intents i USING (intent_id) LEFT JOIN submissions s USING (intent_id)
WHERE a.intent_id = $1 AND a.solver = $2 ORDER BY a.round DESC LIMIT 1

-- name: list_awards
-- A solver's awards, newest first; $2 = true keeps those that can still be used: the latest round of an intent
-- that is not filled or ended, with its next time not passed.
SELECT a.solver AS award_solver, a.output_amount AS award_output, a.open_by AS award_open_by,
       a.fill_by AS award_fill_by, a.round AS award_round, a.signature AS award_signature,
       a.created_at AS awarded_at, s.signature AS user_signature, i.*
FROM awards a JOIN intents i USING (intent_id) LEFT JOIN submissions s USING (intent_id)
WHERE a.solver = $1
  AND (NOT $2 OR (i.status IN ('matched', 'opened') AND i.round = a.round AND i.open_by IS NOT NULL))
  AND (a.created_at, a.intent_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::bytea, ''::bytea))
ORDER BY a.created_at DESC, a.intent_id DESC
LIMIT $5

-- name: list_unjudged
-- Intents of this auctioneer with an award that lapsed and has no verdict yet.
SELECT intent_id FROM intents
WHERE auctioneer = $1 AND unjudged_rounds <> '{}' AND origin_chain_id <> ALL ($3::bigint[])
ORDER BY updated_at, intent_id LIMIT $2

-- name: list_winners
SELECT solver FROM unnest($1::bytea[]) wanted (solver)
WHERE EXISTS (
    SELECT 1 FROM awards a WHERE a.solver = wanted.solver AND a.created_at > now() - make_interval(secs => $2)
)
