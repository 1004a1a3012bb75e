// CreateSession without ActivateSession, and the token of nobody.
"use strict";

const { Peer, types } = require("./harness");

// CreateSession alone, as the library does it.
function created(client, bench) {
  const request = {
    clientDescription: { applicationUri: bench.setup.clients.first.uri, applicationType: 1 },
    endpointUrl: bench.setup.url,
    sessionName: "bare",
    clientNonce: Buffer.alloc(32, 7),
    clientCertificate: bench.setup.mode === "None" ? null : client.getCertificate(),
    requestedSessionTimeout: 20000,
    maxResponseMessageSize: 0,
  };
  return new Peer(client).ask("CreateSession", request);
}

function anonymousToken(bench) {
  return new types.AnonymousIdentityToken({ policyId: bench.setup.anonymousPolicy || "anonymous" });
}

module.exports = { anonymousToken, created };
