// A session, or a channel alone, asked by bare service requests.
"use strict";

const assert = require("node:assert/strict");
const { AttributeIds, resolveNodeId } = require("node-opcua-client");
const types = require("node-opcua-types");

const BATCH = 200;

class Refused extends Error {
  constructor(service, response) {
    super(`${service}: ${response.responseHeader.serviceResult.name}`);
    this.status = response.responseHeader.serviceResult.name;
  }
}

// One session, or the channel alone, asked by bare service requests.
class Peer {
  constructor(client, session = null) {
    this.client = client;
    this.session = session;
    this.token = session ? session.authenticationToken : undefined;
  }

  // The response; a bad service result is thrown as `Refused`.
  ask(service, fields = {}, timeout = 15000) {
    const request = new types[`${service}Request`](fields);
    request.requestHeader.timeoutHint = timeout;
    if (this.token) request.requestHeader.authenticationToken = this.token;
    return new Promise((resolve, reject) => {
      this.client.performMessageTransaction(request, (error, response) => {
        if (error && error.response) return reject(new Refused(service, error.response));
        if (error) return reject(error);
        if (response.responseHeader.serviceResult.value >= 0x80000000) return reject(new Refused(service, response));
        return resolve(response);
      });
    });
  }

  // The service must be refused with one of these.
  async refused(service, fields, ...statuses) {
    let answer;
    try {
      answer = await this.ask(service, fields);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      assert.ok(statuses.includes(error.status), `${error.message}, wanted ${statuses}`);
      return;
    }
    assert.fail(`${service} was accepted, wanted ${statuses}: ${answer}`);
  }

  async read(nodeId, attribute = "Value", more = {}) {
    const nodesToRead = [{ nodeId: resolveNodeId(nodeId), attributeId: AttributeIds[attribute], ...more }];
    return (await this.ask("Read", { nodesToRead, timestampsToReturn: 2 })).results[0];
  }

  // Value of a node that must be Good.
  async value(nodeId, attribute = "Value") {
    const found = await this.read(nodeId, attribute);
    assert.equal(found.statusCode.name, "Good", `${nodeId} ${attribute}`);
    assert.ok(found.value && found.value.value !== null, `${nodeId} ${attribute} is null and Good`);
    return found.value.value;
  }

  async browse(nodeId, more = {}, maximum = 0) {
    const description = {
      nodeId: resolveNodeId(nodeId),
      browseDirection: 0,
      referenceTypeId: resolveNodeId("i=33"),
      includeSubtypes: true,
      nodeClassMask: 0,
      resultMask: 63,
      ...more,
    };
    const fields = { requestedMaxReferencesPerNode: maximum, nodesToBrowse: [description] };
    return (await this.ask("Browse", fields)).results[0];
  }

  // Everything below a node, level by level, as references; at most so many nodes.
  async levels(root, most) {
    const seen = new Set([resolveNodeId(root).toString()]);
    const levels = [];
    let open = [resolveNodeId(root)];
    while (open.length && seen.size < most) {
      const found = [];
      for (let at = 0; at < open.length; at += BATCH) {
        const nodesToBrowse = open.slice(at, at + BATCH).map((nodeId) => ({
          nodeId,
          browseDirection: 0,
          nodeClassMask: 0,
          referenceTypeId: resolveNodeId("i=33"),
          includeSubtypes: true,
          resultMask: 63,
        }));
        for (const result of (await this.ask("Browse", { requestedMaxReferencesPerNode: 0, nodesToBrowse })).results) {
          assert.equal(result.statusCode.name, "Good");
          found.push(...(result.references || []));
        }
      }
      const level = found.filter((one) => !seen.has(one.nodeId.toString()) && seen.add(one.nodeId.toString()));
      levels.push(level);
      open = level.map((one) => one.nodeId);
    }
    return levels;
  }

  // One attribute of many nodes.
  async readAll(nodeIds, attribute = "Value") {
    const values = [];
    for (let at = 0; at < nodeIds.length; at += BATCH) {
      const nodesToRead = nodeIds
        .slice(at, at + BATCH)
        .map((nodeId) => ({ nodeId, attributeId: AttributeIds[attribute] }));
      values.push(...(await this.ask("Read", { nodesToRead, timestampsToReturn: 3 })).results);
    }
    return values;
  }

  // NodeId that a path of browse names leads to, `0:Server/0:ServerStatus`.
  async follow(start, path) {
    const elements = path.split("/").map((element) => {
      const [, index, name] = /^(\d+):(.*)$/.exec(element);
      return {
        referenceTypeId: resolveNodeId("i=33"),
        includeSubtypes: true,
        isInverse: false,
        targetName: { namespaceIndex: Number(index), name },
      };
    });
    const browsePaths = [{ startingNode: resolveNodeId(start), relativePath: { elements } }];
    const { results } = await this.ask("TranslateBrowsePathsToNodeIds", { browsePaths });
    assert.equal(results[0].statusCode.name, "Good", `${start} ${path}`);
    return results[0].targets[0].targetId;
  }

  async call(objectId, methodId, inputArguments = []) {
    const methodsToCall = [{ objectId: resolveNodeId(objectId), methodId: resolveNodeId(methodId), inputArguments }];
    return (await this.ask("Call", { methodsToCall })).results[0];
  }

  async close() {
    const closing = this.session;
    this.session = null;
    if (closing) await closing.close(true).catch(() => {}); // the check may have closed it already
  }
}

module.exports = { Peer, Refused };
