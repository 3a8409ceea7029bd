// Compiles contracts/src and exports one JSON artifact a contract: ABI, creation and deployed bytecode, and a
// hash of everything that went into it. Same sources, settings and compiler give the same bytes, so the
// committed artifacts can be checked (`--check` exits 1 when they are stale) and nobody needs a compiler to run.
// A file of contracts/src that defines a contract of the file's own name is exported; interfaces, abstract
// contracts and libraries of internal functions are not. Imports resolve to contracts/src and node_modules; nothing is fetched.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import solc from "solc";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ROOMS = [
  { sources: "contracts/src", artifacts: "src/orbital/chain/abi" },
  { sources: "contracts/src/test", artifacts: "tests/integration/contracts/artifacts" },
];
const SETTINGS = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: "none", appendCBOR: false },
};
// Said about any use of transient storage; the library's reentrancy guard clears it at the end of each call.
const TRANSIENT_STORAGE_NOTICE = "2394";

const files = ROOMS.flatMap((room) => solidityFiles(room));
const compiled = compile(files.map((file) => file.path));
const artifacts = new Map(files.flatMap((file) => exported(file, compiled)));

if (process.argv.includes("--check")) {
  const faults = staleArtifacts(artifacts);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) console.error("run `make contracts` and commit the artifacts");
  process.exit(faults.length > 0 ? 1 : 0);
}
writeArtifacts(artifacts);

function solidityFiles(room) {
  return readdirSync(join(ROOT, room.sources))
    .filter((name) => name.endsWith(".sol"))
    .sort()
    .map((name) => ({ path: `${room.sources}/${name}`, name: basename(name, ".sol"), room }));
}

function compile(paths) {
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(paths.map((path) => [path, { content: readFileSync(join(ROOT, path), "utf8") }])),
    settings: {
      ...SETTINGS,
      outputSelection: { "*": { "*": ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
  const relevant = (output.errors ?? []).filter((fault) => fault.errorCode !== TRANSIENT_STORAGE_NOTICE);
  const faults = relevant.map((fault) => fault.formattedMessage);
  if (faults.length > 0) {
    console.error(faults.join("\n"));
    process.exit(2);
  }
  return output.contracts;
}

function readImport(path) {
  const file = path.startsWith("@") ? join(ROOT, "node_modules", path) : join(ROOT, path);
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `no such file: ${path}` };
}

function exported(file, contracts) {
  const contract = contracts[file.path]?.[file.name];
  const hasInterface = contract?.abi.some((entry) => entry.type !== "error");
  const isDeployable = hasInterface && contract.evm.bytecode.object !== "";
  if (!isDeployable) return [];
  const artifact = {
    contractName: file.name,
    sourceName: file.path,
    compiler: solc.version(),
    sourceHash: sourceHash(contract.metadata),
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
    deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
  };
  return [[`${file.room.artifacts}/${file.name}.json`, `${JSON.stringify(artifact, null, 2)}\n`]];
}

// sha256 over compiler, settings and every source this contract was made from, its own and the library's.
function sourceHash(metadata) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify({ compiler: solc.version(), settings: SETTINGS }));
  for (const path of Object.keys(JSON.parse(metadata).sources).sort()) {
    hash.update(`\0${path}\0${readImport(path).contents}`);
  }
  return `0x${hash.digest("hex")}`;
}

function staleArtifacts(wanted) {
  const faults = [];
  for (const [path, text] of wanted) {
    const file = join(ROOT, path);
    if (!existsSync(file)) faults.push(`missing: ${path}`);
    else if (readFileSync(file, "utf8") !== text) faults.push(`stale: ${path}`);
  }
  for (const path of committedArtifacts()) {
    if (!wanted.has(path)) faults.push(`without source: ${path}`);
  }
  return faults;
}

function committedArtifacts() {
  return ROOMS.filter((room) => existsSync(join(ROOT, room.artifacts))).flatMap((room) =>
    readdirSync(join(ROOT, room.artifacts))
      .filter((name) => name.endsWith(".json"))
      .map((name) => `${room.artifacts}/${name}`),
  );
}

function writeArtifacts(wanted) {
  for (const path of committedArtifacts()) if (!wanted.has(path)) rmSync(join(ROOT, path));
  for (const [path, text] of wanted) {
    const file = join(ROOT, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
  console.log(`${wanted.size} artifacts`);
}
