-- Who carries a nonce is known by intents_one_per_nonce, of what was submitted, and by facts_by_nonce, of what was
-- opened; a third index over every intent cost an entry with every state that an intent takes.
DROP INDEX intents_by_nonce;
