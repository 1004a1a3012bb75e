// Runs every check against one endpoint and prints one line of JSON for each.
//
//   node main.js '{"url": ..., "scope": "full", "mode": "Sign", "policy": "Basic256Sha256", "devices": [...], ...}'
//
// Lines out: {"check", "ok", "error", "ms"} | {"ask", "do", ...} | {"done": true}. Lines in: {"ask", "answer"}.
"use strict";

const { Peer, MODES, POLICIES, checks, connect, login, within } = require("./harness");
const readline = require("node:readline");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { UserTokenType } = require("node-opcua-client");

const AREAS = [
  ...["discovery", "sessions", "users", "reading", "writing", "browsing", "methods", "server_object"],
  ...["subscriptions", "publishing", "republishing", "transfer"],
  ...["monitored_items", "queues", "monitoring_modes", "deadbands", "events", "conditions", "models"],
];
for (const area of AREAS) require(`./${area}`);

const LONGEST_MS = 90000;
const setup = JSON.parse(process.argv[2]);

// The Python side, which owns the server and plays the analysers.
class Host {
  constructor() {
    this._waiting = new Map();
    this._number = 0;
    this._lines = readline.createInterface({ input: process.stdin });
    this._lines.on("line", (line) => {
      const { ask, answer } = JSON.parse(line);
      this._waiting.get(ask)(answer);
      this._waiting.delete(ask);
    });
  }

  say(line) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  ask(what, more) {
    this._number += 1;
    const ask = this._number;
    const answer = new Promise((resolve) => this._waiting.set(ask, resolve));
    this.say({ ask, do: what, ...more });
    return within(answer, what);
  }
}

const host = new Host();

function options(role) {
  const files = setup.clients[role];
  return {
    securityMode: MODES[setup.mode],
    securityPolicy: POLICIES[setup.policy],
    certificateFile: files.certificate,
    privateKeyFile: files.key,
    applicationUri: files.uri,
    clientCertificateManager: managers[role],
  };
}

const managers = {};

// Every client of an application shares one, but for those that break their connection: they take it with them.
async function newManager(role, name = "") {
  const rootFolder = setup.clients[role].pki + name;
  const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
  await manager.initialize();
  manager.referenceCounter += 1; // or it would be gone whenever no client is left for a moment
  return manager;
}

async function managersReady() {
  for (const role of Object.keys(setup.clients)) managers[role] = await newManager(role);
}

function identity(user) {
  if (user === null) return { type: UserTokenType.Anonymous };
  return { type: UserTokenType.UserName, userName: user, password: setup.users[user] };
}

// What one check gets: an analyser of its own, sessions that end with it, and the endpoint it is judged on.
class Bench {
  constructor(device) {
    this.device = device;
    this.setup = setup;
    this._clients = {};
    this._peers = [];
  }

  // A channel of the application `role`; each application keeps one per bench.
  async channel(role = "first") {
    if (!this._clients[role]) this._clients[role] = await connect(setup.url, options(role));
    return this._clients[role];
  }

  // A client of its own for a check that ends its connection.
  async ownClient(role = "first", more = {}) {
    const client = await connect(setup.url, { ...options(role), ...more });
    this._peers.push({ close: () => client.disconnect().catch(() => {}) });
    return client;
  }

  // A client whose connection may be broken.
  async fragileClient() {
    return this.ownClient("first", { clientCertificateManager: await newManager("first", `-${this.device}`) });
  }

  // An activated session, anonymous unless said otherwise.
  async session({ role = "first", user = null, client = null } = {}) {
    const used = client || (await this.channel(role));
    const peer = new Peer(used, await login(used, identity(user)));
    this._peers.push(peer);
    return peer;
  }

  identity(user) {
    return identity(user);
  }

  node(path) {
    return `ns=${setup.namespace};s=${this.device}/${path}`;
  }

  // Let the analyser show these values one after the other, `[value, state]` by path; each step is one tick.
  play(steps, more = {}) {
    return host.ask("play", { device: this.device, steps, ...more });
  }

  async tidy() {
    for (const peer of this._peers.splice(0).reverse()) await peer.close();
  }

  get hasLostChannel() {
    return Object.values(this._clients).some((client) => !client._secureChannel?.isOpened());
  }

  async leave() {
    for (const client of Object.values(this._clients)) await client.disconnect().catch(() => {});
    this._clients = {};
  }
}

// Why a check failed, null if it did not.
async function run(bench, { name, body }) {
  let error = null;
  try {
    const prepared = bench.play([{}], { reset: true });
    await within(
      prepared.then(() => body(bench)),
      name,
      LONGEST_MS,
    );
  } catch (caught) {
    error = caught.stack || String(caught);
  }
  await within(bench.tidy(), "tidying up").catch((caught) => (error = error || String(caught)));
  return error;
}

async function work(device, queue) {
  const bench = new Bench(device);
  for (let next = queue.shift(); next; next = queue.shift()) {
    const began = Date.now();
    let error = await run(bench, next);
    if (error) {
      // On a starved machine the library closes channels by itself, and everything after that fails.
      const lost = bench.hasLostChannel;
      await bench.leave();
      if (lost) {
        error = await run(bench, next);
        if (error) await bench.leave();
      }
    }
    host.say({ check: next.name, ok: error === null, error, ms: Date.now() - began });
  }
  await bench.leave();
}

async function main() {
  await managersReady();
  const queue = checks.filter(({ scopes }) => scopes.includes(setup.scope));
  await Promise.all(setup.devices.map((device) => work(device, queue)));
  host.say({ done: true });
}

process.on("unhandledRejection", (error) => console.error("unhandled", error));
main().then(
  () => process.stdout.write("", () => process.exit(0)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
