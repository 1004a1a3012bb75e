// Raw OPC UA services by node-opcua, a subscriber that hides nothing, and the list of checks.
"use strict";

console.log = console.error; // the library talks on the standard output, which belongs to the results

const assert = require("node:assert/strict");
const { AttributeIds, OPCUAClient, MessageSecurityMode, SecurityPolicy, resolveNodeId } = require("node-opcua-client");
const types = require("node-opcua-types");

const PATIENCE_MS = 15000;
const BATCH = 200;
const DATA_CHANGE = "DataChangeNotification";
const STATUS_CHANGE = "StatusChangeNotification";
const EVENT_LIST = "EventNotificationList";

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

class Refused extends Error {
  constructor(service, response) {
    super(`${service}: ${response.responseHeader.serviceResult.name}`);
    this.status = response.responseHeader.serviceResult.name;
  }
}

function within(promise, what, milliseconds = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

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
        const nodesToBrowse = open.slice(at, at + BATCH).map((nodeId) => ({ nodeId, browseDirection: 0, nodeClassMask: 0,
          referenceTypeId: resolveNodeId("i=33"), includeSubtypes: true, resultMask: 63 }));
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
      const nodesToRead = nodeIds.slice(at, at + BATCH).map((nodeId) => ({ nodeId, attributeId: AttributeIds[attribute] }));
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

function microseconds(date, picoseconds) {
  return date ? date.getTime() * 1000 + Math.round((picoseconds || 0) / 1e6) : null;
}

// One notification of a value.
function seen(item) {
  const { value, statusCode, sourceTimestamp, sourcePicoseconds, serverTimestamp } = item.value;
  return {
    handle: item.clientHandle,
    value: value ? value.value : null,
    status: statusCode.name.replace(/#.*/, ""),
    code: statusCode.value,
    source: microseconds(sourceTimestamp, sourcePicoseconds),
    hasServer: Boolean(serverTimestamp),
  };
}

// A subscription with its Publish requests in view.
class Subscriber {
  constructor(peer, created) {
    this.peer = peer;
    this.id = created.subscriptionId;
    this.revised = created;
    this.messages = []; // {sequence, more, available, values, events, statusChanges}
    this.acknowledge = true;
    this._handle = 0;
    this._news = [];
    this._pending = 0;
    this._wanted = 0;
    this._acks = [];
    this.fault = null;
  }

  static async create(peer, options = {}) {
    const created = await peer.ask("CreateSubscription", {
      requestedPublishingInterval: 50,
      requestedLifetimeCount: 3000,
      requestedMaxKeepAliveCount: 20,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 0,
      ...options,
    });
    return new Subscriber(peer, created);
  }

  get values() {
    return this.messages.flatMap((message) => message.values);
  }

  get events() {
    return this.messages.flatMap((message) => message.events);
  }

  get statusChanges() {
    return this.messages.flatMap((message) => message.statusChanges);
  }

  of(handle) {
    return this.values.filter((value) => value.handle === handle);
  }

  // One Publish; the message as above. Acknowledges only what is given.
  async publish(acknowledgements = [], timeout = 20000) {
    const response = await this.peer.ask(
      "Publish",
      { subscriptionAcknowledgements: acknowledgements.map((n) => ({ subscriptionId: this.id, sequenceNumber: n })) },
      timeout,
    );
    return this._take(response);
  }

  _take(response) {
    const parts = response.notificationMessage.notificationData || [];
    const of = (name) => parts.filter((part) => part.constructor.name === name);
    const message = {
      subscription: response.subscriptionId,
      sequence: response.notificationMessage.sequenceNumber,
      more: response.moreNotifications,
      available: [...(response.availableSequenceNumbers || [])],
      results: (response.results || []).map((status) => status.name),
      published: response.notificationMessage.publishTime,
      keepAlive: parts.length === 0,
      values: of(DATA_CHANGE).flatMap((part) => (part.monitoredItems || []).map(seen)),
      events: of(EVENT_LIST).flatMap((part) => part.events || []),
      statusChanges: of(STATUS_CHANGE).map((part) => part.status.name),
    };
    this.messages.push(message);
    return message;
  }

  // Keep some Publish requests with the server from now on.
  listen(requests = 2) {
    this._wanted = requests;
    while (this._pending < this._wanted) this._send();
    return this;
  }

  pause() {
    this._wanted = 0;
  }

  _send() {
    this._pending += 1;
    const acks = this.acknowledge ? this._acks.splice(0) : [];
    this.publish(acks, 60000).then(
      (message) => {
        this._pending -= 1;
        if (!message.keepAlive && message.subscription === this.id) this._acks.push(message.sequence);
        if (this._pending < this._wanted) this._send();
        this._tell();
      },
      (error) => {
        this._pending -= 1;
        this.fault = this.fault || error;
        this._tell();
      },
    );
  }

  _tell() {
    for (const wake of this._news.splice(0)) wake();
  }

  // Wait until `enough(this)` holds; the error says what has come.
  async until(enough, what = "notifications", milliseconds = PATIENCE_MS) {
    const end = Date.now() + milliseconds;
    while (!enough(this)) {
      if (this.fault) throw this.fault;
      if (Date.now() > end) {
        const shown = this.values.slice(-20).map((one) => [one.handle, String(one.value), one.status]);
        throw new Error(`${what}: only ${JSON.stringify(shown)} in ${this.messages.length} messages`);
      }
      const news = new Promise((resolve) => this._news.push(resolve));
      await Promise.race([news, sleep(Math.max(1, end - Date.now()))]);
    }
    return this;
  }

  async untilValues(count) {
    await this.until((mine) => mine.values.length >= count, `${count} values`);
    return this.values;
  }

  // Make one item; returns {id, handle, ...result}. `parameters` go into requestedParameters.
  async item(nodeId, parameters = {}, more = {}) {
    const result = await this.tryItem(nodeId, parameters, more);
    assert.equal(result.statusCode.name, "Good", `monitored item on ${nodeId}`);
    return result;
  }

  async tryItem(nodeId, parameters = {}, more = {}) {
    this._handle += 1;
    const { timestampsToReturn = 2, monitoringMode = 2, attributeId = AttributeIds.Value, ...item } = more;
    const response = await this.peer.ask("CreateMonitoredItems", {
      subscriptionId: this.id,
      timestampsToReturn,
      itemsToCreate: [
        {
          itemToMonitor: { nodeId: resolveNodeId(nodeId), attributeId, ...item },
          monitoringMode,
          requestedParameters: {
            clientHandle: this._handle,
            samplingInterval: 0,
            queueSize: 100,
            discardOldest: true,
            ...parameters,
          },
        },
      ],
    });
    const [result] = response.results;
    return Object.assign(result, { id: result.monitoredItemId, handle: this._handle });
  }

  async delete() {
    this.pause();
    await this.peer.ask("DeleteSubscriptions", { subscriptionIds: [this.id] });
  }
}

const POLICIES = SecurityPolicy;
const MODES = MessageSecurityMode;

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
      if (attempts >= 30 || !error.message.includes("BadServerTooBusy")) throw error;
      await sleep(200);
    }
  }
}

module.exports = { Peer, Refused, Subscriber, POLICIES, MODES, assert, check, checks, connect, login, sleep, within, types };
