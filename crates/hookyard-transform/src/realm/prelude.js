// Runs once in every new realm, before anything of the person's: it takes references to the built-ins that
// the conversion of values needs, replaces what would bring in time, chance or code from strings, and then
// freezes everything that is reachable, so that a run cannot leave anything behind for the next one.
//
// The value of this script is the object by which the host drives a run. Nothing in it is reachable for the
// person's code, but for `request`, `console`, `process` and `addHandler`.
(() => {
  'use strict';

  const { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const hasOwn = Object.hasOwn;
  const { apply, construct, ownKeys } = Reflect;
  const { parse, stringify } = JSON;
  const isArray = Array.isArray;
  const isView = ArrayBuffer.isView;
  const Bytes = Uint8Array;
  const toBase64 = Uint8Array.prototype.toBase64;
  const isError = Error.isError;
  const text = String;
  const SystemDate = Date;
  const dateToString = Date.prototype.toString;
  const slice = String.prototype.slice;
  const promiseResolve = Promise.resolve;
  const NativePromise = Promise;
  const OutOfRange = RangeError;
  const Internal = InternalError;

  // What a failure is called on the host's side; the numbers are those of `Thrown` in realm/failure.rs.
  const THREW = 0, SHAPE = 1, MEMORY = 2, STACK = 3, NO_HANDLER = 4, OUTPUT = 5;
  // What became of the body; the numbers are those of realm/answer.rs.
  const KEPT = 0, EMPTY = 1, TEXT = 2, BYTES = 3, JSON_TEXT = 4;

  // Raised by this file only; a class of its own tells it from what the person's code throws.
  class Refusal {
    constructor(kind, message) {
      this.kind = kind;
      this.message = message;
    }
  }
  const refuse = (message) => {
    throw new Refusal(SHAPE, message);
  };

  // ---- The state of one run: all of it is set anew in `run`.

  let now = 0;
  let chance = 0, chanceTwo = 0;
  let envText, env;
  let handler;
  let request, method, outputMax;
  let headersText, headers, headersRead;
  let queryText, parsedQueryText, parsedQuery, parsedQueryRead;
  let bodyKind, bodyRaw, body, bodyRead;
  let lines, linesMax, unitsLeft, dropped;
  // While this is set, the request's own getters answer `UNTOUCHED` for what nobody has asked for.
  let probing = false;
  const UNTOUCHED = freeze({});

  // ---- Time, chance, code from strings.

  const FixedDate = function Date(...parts) {
    if (new.target === undefined) return apply(dateToString, new SystemDate(now), []);
    return construct(SystemDate, parts.length === 0 ? [now] : parts, new.target);
  };
  FixedDate.prototype = SystemDate.prototype;
  defineProperty(FixedDate, 'length', { value: 7 });
  for (const name of ['parse', 'UTC']) {
    defineProperty(FixedDate, name, getOwnPropertyDescriptor(SystemDate, name));
  }
  defineProperty(FixedDate, 'now', { value: { now: () => now }.now });
  defineProperty(SystemDate.prototype, 'constructor', { value: FixedDate });
  defineProperty(globalThis, 'Date', { value: FixedDate });

  // Two streams of Mulberry32, 26 and 27 bits of them.
  const { imul } = Math;
  const stir = (state) => {
    let t = imul(state ^ (state >>> 15), state | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  defineProperty(Math, 'random', {
    value: {
      random() {
        chance = (chance + 0x6d2b79f5) | 0;
        chanceTwo = (chanceTwo + 0x6d2b79f5) | 0;
        return ((stir(chance) >>> 5) * 67108864 + (stir(chanceTwo) >>> 6)) / 9007199254740992;
      },
    }.random,
  });

  const noCode = (name) => {
    const stub = {
      [name]: function () {
        throw new TypeError('code in a string is not run in a transformation');
      },
    }[name];
    return stub;
  };
  for (const sample of [function () {}, function* () {}, async function () {}, async function* () {}]) {
    const proto = getPrototypeOf(sample);
    const stub = noCode(proto.constructor.name);
    stub.prototype = proto;
    if (proto === Function.prototype) defineProperty(globalThis, 'Function', { value: stub });
    defineProperty(proto, 'constructor', { value: stub });
  }
  defineProperty(globalThis, 'eval', { value: noCode('eval') });

  // State that would outlive a run, a second thread, the collector's timing, and the clock.
  for (const name of ['SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'performance']) {
    delete globalThis[name];
  }
  // Of V8, and kept inside the engine where nothing could freeze them.
  delete Error.prepareStackTrace;
  defineProperty(Error, 'stackTraceLimit', { value: 10, writable: false });

  // ---- What the person's code finds besides the language.

  const shown = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'function') return `[function ${text(value.name)}]`;
    if (typeof value === 'bigint') return `${text(value)}n`;
    if (typeof value !== 'object' || value === null) return text(value);
    if (isError(value)) return `${text(value)}\n${text(value.stack)}`;
    const json = stringify(value);
    return json === undefined ? text(value) : json;
  };
  const print = (level, values) => {
    if (lines.length >= linesMax || unitsLeft <= 0) {
      dropped += 1;
      return;
    }
    let line = '';
    for (let i = 0; i < values.length && line.length <= unitsLeft; i += 1) {
      line += i === 0 ? shown(values[i]) : ` ${shown(values[i])}`;
    }
    if (line.length > unitsLeft) line = `${apply(slice, line, [0, unitsLeft])}…`;
    unitsLeft -= line.length;
    defineProperty(lines, lines.length, { value: [level, line], enumerable: true });
  };
  const console = {
    debug: (...values) => print(0, values),
    log: (...values) => print(1, values),
    info: (...values) => print(2, values),
    warn: (...values) => print(3, values),
    error: (...values) => print(4, values),
  };
  const process = {
    get env() {
      if (env === undefined) env = parse(envText);
      return env;
    },
  };
  const addHandler = (event, given) => {
    if (event !== 'transform') throw new TypeError('addHandler: the first argument must be "transform"');
    if (typeof given !== 'function') throw new TypeError('addHandler: the second argument must be a function');
    if (handler !== undefined) throw new TypeError('addHandler: a transformation has one handler');
    handler = given;
  };
  for (const [name, value] of Object.entries({ console, process, addHandler, self: globalThis })) {
    defineProperty(globalThis, name, { value });
  }

  // ---- The freeze.

  // Assigning to an object what a frozen prototype also has would throw ("override mistake"), and errors and
  // classes do it all the time. An accessor whose setter defines the property on the object keeps it working.
  const allowOverride = (proto, key) => {
    const found = getOwnPropertyDescriptor(proto, key);
    if (found === undefined || !hasOwn(found, 'value') || !found.configurable) return;
    const value = found.value;
    const pair = {
      get() {
        return value;
      },
      set(given) {
        if (this === proto) throw new TypeError('built-ins are frozen in a transformation');
        defineProperty(this, key, { value: given, writable: true, enumerable: true, configurable: true });
      },
    };
    defineProperty(proto, key, { get: pair.get, set: pair.set, enumerable: false, configurable: false });
  };

  const freezeAll = () => {
    const hidden = [
      function* () {},
      async function () {},
      async function* () {},
      [].values(),
      new Map().values(),
      new Set().values(),
      ''[Symbol.iterator](),
      'a'.matchAll(/a/g),
      [].values().map((x) => x),
      Iterator.from({ next() {} }),
      getOwnPropertyDescriptor(
        (function () {
          return arguments;
        })(),
        'callee',
      ).get,
    ];
    for (const name of ['concat', 'zip', 'zipKeyed']) {
      if (typeof Iterator[name] === 'function') hidden.push(Iterator[name]([]));
    }
    const seen = new Set();
    const queue = [globalThis, ...hidden];
    while (queue.length > 0) {
      const object = queue.pop();
      if ((typeof object !== 'object' && typeof object !== 'function') || object === null) continue;
      if (seen.has(object)) continue;
      seen.add(object);
      queue.push(getPrototypeOf(object));
      for (const key of ownKeys(object)) {
        const found = getOwnPropertyDescriptor(object, key);
        queue.push(found.value, found.get, found.set);
      }
    }
    const overridden = [Object.prototype];
    for (const object of seen) {
      if (typeof object === 'function' && (object === Error || getPrototypeOf(object) === Error)) {
        overridden.push(object.prototype);
      }
    }
    for (const proto of overridden) {
      for (const key of ownKeys(proto)) allowOverride(proto, key);
    }
    for (const object of seen) {
      if (hasOwn(object, 'toString')) allowOverride(object, 'toString');
    }
    for (const object of seen) {
      for (const key of ownKeys(object)) {
        const { get, set } = getOwnPropertyDescriptor(object, key);
        if (get !== undefined) freeze(get);
        if (set !== undefined) freeze(set);
      }
      freeze(object);
    }
  };
  freezeAll();

  // ---- A run.

  const makeRequest = (path) => ({
    get headers() {
      if (!headersRead) {
        if (probing) return UNTOUCHED;
        headersRead = true;
        headers = parse(headersText);
      }
      return headers;
    },
    set headers(value) {
      headersRead = true;
      headers = value;
    },
    get body() {
      if (!bodyRead) {
        if (probing) return UNTOUCHED;
        bodyRead = true;
        body = bodyKind === JSON_TEXT ? parse(bodyRaw) : bodyRaw;
      }
      return body;
    },
    set body(value) {
      bodyRead = true;
      body = value;
    },
    query: queryText,
    get parsed_query() {
      if (!parsedQueryRead) {
        if (probing) return UNTOUCHED;
        parsedQueryRead = true;
        parsedQuery = parse(parsedQueryText);
      }
      return parsedQuery;
    },
    set parsed_query(value) {
      parsedQueryRead = true;
      parsedQuery = value;
    },
    path,
    method,
  });
  const handle = (exported, contextText) => {
    const chosen = exported === undefined ? handler : exported;
    if (typeof chosen !== 'function') {
      throw new Refusal(
        NO_HANDLER,
        'no handler: call addHandler("transform", (request, context) => request), or export one by default',
      );
    }
    const returned = chosen(request, parse(contextText));
    if (returned !== request && typeof returned === 'object' && returned !== null) {
      if (typeof returned.then === 'function') return apply(promiseResolve, NativePromise, [returned]);
    }
    return returned;
  };
  const handleLater = async (loaded, contextText) => handle(await loaded, contextText);

  // prettier-ignore
  const run = (
    factory, later, clock, seedOne, seedTwo, unitsMax, consoleLinesMax, consoleUnitsMax,
    givenMethod, path, query, parsed, heads, contextText, variables, kind, raw,
  ) => {
    now = clock;
    chance = seedOne;
    chanceTwo = seedTwo;
    outputMax = unitsMax;
    linesMax = consoleLinesMax;
    unitsLeft = consoleUnitsMax;
    method = givenMethod;
    queryText = query;
    parsedQueryText = parsed;
    headersText = heads;
    envText = variables;
    bodyKind = kind;
    bodyRaw = raw;
    handler = env = headers = body = parsedQuery = undefined;
    headersRead = bodyRead = parsedQueryRead = false;
    lines = [];
    dropped = 0;
    request = makeRequest(path);
    const exported = factory();
    return later ? handleLater(exported, contextText) : handle(exported, contextText);
  };

  // ---- What the handler returned.

  const FIELDS = freeze(
    Object.assign(create(null), { headers: 1, body: 1, query: 1, parsed_query: 1, path: 1, method: 1 }),
  );
  const WANTED = 'return the request, or an object with some of headers, body, query, parsed_query and path';

  const named = (value) => {
    if (value === null || value === undefined) return text(value);
    if (isArray(value)) return 'an array';
    return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  };
  const checkFields = (result) => {
    if (typeof result !== 'object' || result === null || isArray(result)) {
      refuse(`the handler returned ${named(result)}; ${WANTED}`);
    }
    const keys = ownKeys(result);
    for (let i = 0; i < keys.length; i += 1) {
      if (FIELDS[keys[i]] !== 1) {
        refuse(`the handler returned an object with ${apply(slice, text(keys[i]), [0, 100])}; ${WANTED}`);
      }
    }
    if (keys.length === 0 && getPrototypeOf(result) === Object.prototype) {
      refuse(`the handler returned an empty object; ${WANTED}`);
    }
  };
  const bounded = (value) => {
    if (value.length > outputMax) throw new Refusal(OUTPUT, '');
    return value;
  };
  const objectText = (value, field) => {
    if (value === UNTOUCHED || value === undefined) return undefined;
    if (typeof value !== 'object' || value === null || isArray(value)) {
      refuse(`request.${field} is ${named(value)}; it must be an object`);
    }
    const json = stringify(value);
    if (json === undefined) refuse(`request.${field} is nothing that JSON can hold; it must be an object`);
    return bounded(json);
  };
  const stringOf = (result, field) => {
    const value = result[field];
    if (typeof value !== 'string') refuse(`request.${field} is ${named(value)}; it must be a string`);
    return bounded(value);
  };
  const bodyOf = (value) => {
    if (value === UNTOUCHED) return [KEPT];
    // A JSON body that is one string, number, boolean or null is compared here; Rust compares the rest.
    if (bodyKind === JSON_TEXT && value !== undefined && (typeof value !== 'object' || value === null)) {
      if (value === parse(bodyRaw)) return [KEPT];
    }
    if (value === undefined || value === null) return [EMPTY];
    if (typeof value === 'string') return [TEXT, bounded(value)];
    if (typeof value === 'object' && (isView(value) || value instanceof ArrayBuffer)) {
      const bytes = isView(value)
        ? new Bytes(value.buffer, value.byteOffset, value.byteLength)
        : new Bytes(value);
      return [BYTES, apply(toBase64, bounded(bytes), [])];
    }
    const json = stringify(value);
    if (json === undefined) refuse(`request.body is ${named(value)}; it must be JSON, a string or bytes`);
    return [JSON_TEXT, bounded(json)];
  };
  const fieldsOf = (result) => {
    probing = result === request;
    try {
      return { headers: result.headers, body: result.body, parsed: result.parsed_query };
    } finally {
      probing = false;
    }
  };
  const finish = (result) => {
    checkFields(result);
    const has = (field) => field in result;
    if (has('method')) {
      const given = result.method;
      if (given !== undefined && given !== method) refuse('request.method cannot be changed; leave it as it came');
    }
    const found = fieldsOf(result);
    const [kind, payload] = has('body') ? bodyOf(found.body) : [KEPT];
    return [
      objectText(found.headers, 'headers'),
      has('query') ? stringOf(result, 'query') : undefined,
      objectText(found.parsed, 'parsed_query'),
      has('path') ? stringOf(result, 'path') : undefined,
      kind,
      payload,
      lines.length + dropped,
    ];
  };

  // What a body looks like after JSON.parse and JSON.stringify alone.
  const canonical = () => stringify(parse(bodyRaw));

  const printed = () => {
    const taken = [lines, dropped];
    lines = [];
    dropped = 0;
    return taken;
  };

  // ---- What was thrown.

  const MESSAGE_UNITS_MAX = 2000;
  const described = (thrown) => {
    if (thrown instanceof Refusal) return [thrown.kind, thrown.message, ''];
    if (typeof thrown !== 'object' || thrown === null) return [THREW, `threw ${shown(thrown)}`, ''];
    const stack = thrown.stack;
    const trace = typeof stack === 'string' ? stack : '';
    if (!isError(thrown)) return [THREW, `threw ${shown(thrown)}`, trace];
    const message = text(thrown.message);
    if (thrown instanceof Internal && message === 'out of memory') return [MEMORY, message, trace];
    if (thrown instanceof OutOfRange && message === 'Maximum call stack size exceeded') return [STACK, message, trace];
    return [THREW, message === '' ? text(thrown.name) : `${text(thrown.name)}: ${message}`, trace];
  };
  const describe = (thrown) => {
    let found;
    try {
      found = described(thrown);
    } catch {
      found = [THREW, 'threw a value that cannot be read', ''];
    }
    found[1] = apply(slice, found[1], [0, MESSAGE_UNITS_MAX]);
    found[2] = apply(slice, found[2], [0, MESSAGE_UNITS_MAX]);
    return found;
  };

  return { run, finish, canonical, printed, describe };
})()
