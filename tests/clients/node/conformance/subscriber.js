// A subscription that hides nothing: its messages, values, events and Publish requests.
"use strict";

const assert = require("node:assert/strict");
const { AttributeIds, resolveNodeId } = require("node-opcua-client");
const { PATIENCE_MS, sleep } = require("./timing");

const DATA_CHANGE = "DataChangeNotification";
const STATUS_CHANGE = "StatusChangeNotification";
const EVENT_LIST = "EventNotificationList";

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

module.exports = { Subscriber };
