-- What nodes said, as it was indexed: enough to index again without them.

-- Blocks `first` to `last` of a chain with the logs that were asked for. Written with the facts that they became; a
-- rollback lowers `last` (the blob keeps what it had), so that what counts here is the history up to the checkpoint.
CREATE TABLE raw_ranges (
    chain_id bigint NOT NULL,
    first    bigint NOT NULL,
    last     bigint NOT NULL CHECK (last >= first),
    blob     bytea  NOT NULL,
    PRIMARY KEY (chain_id, first)
);
ALTER TABLE raw_ranges ALTER COLUMN blob SET STORAGE EXTERNAL; -- compressed already
COMMENT ON TABLE raw_ranges IS 'the chain''s genesis hash is that of its checkpoint';
