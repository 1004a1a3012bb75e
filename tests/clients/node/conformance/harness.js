// What every file of checks needs, and the list of the checks.
"use strict";

console.log = console.error; // the library talks on the standard output, which belongs to the results

const assert = require("node:assert/strict");
const { OPCUAClient, MessageSecurityMode, SecurityPolicy } = require("node-opcua-client");
const types = require("node-opcua-types");
const { Peer, Refused } = require("./peer");
const { Subscriber } = require("./subscriber");
const { sleep, within } = require("./timing");

const checks = [];

// Names are literals in double quotes, because the Python side reads them from the text.
function on(...scopes) {
  return (name, body) => checks.push({ name, body, scopes });
}

// A check is named after what OPC 10000-4 (unless said otherwise) demands; the plain one is for every mode.
const check = Object.assign(on("none", "sign", "encrypt"), {
  brief: on("none", "sign", "encrypt", "brief"), // over the other security policies too
  trusting: on("sign", "encrypt", "brief"),
  secured: on("sign", "encrypt"),
  encrypted: on("encrypt"),
  unsecured: on("none"),
  closed: on("closed"), // where nobody is let in without a name
});

// A connected client; `options` as OPCUAClient.create takes them.
async function connect(url, options) {
  const client = OPCUAClient.create({
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0 },
    keepSessionAlive: false,
    keepPendingSessionsOnDisconnect: true,
    ...options,
  });
  await within(client.connect(url), `connection to ${url}`, 15000);
  return client;
}

// A session of this user. Passwords are checked one after the other, and who finds too many waiting comes again.
async function login(client, identity) {
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await within(client.createSession(identity), "session");
    } catch (error) {
      if (attempts >= 150 || !error.message.includes("BadServerTooBusy")) throw error;
      await sleep(200);
    }
  }
}

module.exports = {
  MODES: MessageSecurityMode,
  POLICIES: SecurityPolicy,
  Peer,
  Refused,
  Subscriber,
  assert,
  check,
  checks,
  connect,
  login,
  sleep,
  types,
  within,
};
