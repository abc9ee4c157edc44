/**
 * Limits on what a client may send and hold at once; anything beyond them is refused with a message. The numbers leave
 * room for a class of thirty behind one address (a school's router, a shared machine), so one client may use most of
 * what all clients may use together.
 */

const KIB = 1024, MIB = 1024 * KIB;

/** Longest address, path and query together, in characters. */
export const MAX_URL_LENGTH = 8 * KIB;

/** Longest text that a client may send in one message, in bytes. */
export const MAX_MESSAGE_BYTES = 64 * KIB;
/** Largest body of `POST /predict`, in bytes. */
export const MAX_PREDICT_BYTES = 24 * MIB;

/** The most levels of nested lists and objects in JSON from clients; the lab's own JSON has three. */
export const MAX_JSON_DEPTH = 32;
/** The most values in JSON from clients. */
export const MAX_JSON_VALUES = 10_000;

/** The most open sockets from one address. */
export const MAX_SOCKETS_PER_CLIENT = 1000;
/** The most open sockets in all. */
export const MAX_SOCKETS = 2000;

/** The most that one socket may send in a burst. A page sends two messages per run. */
export const SOCKET_BURST = { messages: 200, bytes: 8 * MIB };
/** The most that one socket may send per second in the long run. */
export const SOCKET_RATE = { messages: 20, bytes: 256 * KIB };

/**
 * The most that one socket may send in frames of any kind, including pings and fragments: in a burst, and per second in
 * the long run.
 */
export const SOCKET_FRAMES = { burst: 500, perSecond: 100, burstBytes: 16 * MIB, bytesPerSecond: MIB };
/** The most fragments of one message. */
export const MAX_FRAGMENTS = 64;
/** Longest time from the beginning of a message to its end, in ms. */
export const MESSAGE_DEADLINE_MS = 30_000;
/** The most bytes that the sockets of one address, and all sockets together, may hold in unfinished or unsent messages. */
export const MAX_HELD_SOCKET_BYTES_PER_CLIENT = 64 * MIB, MAX_HELD_SOCKET_BYTES = 128 * MIB;
/** How long, in ms, a closing socket may take to send pending messages and to receive the client's close. */
export const CLOSE_WAIT_MS = 30_000;

/**
 * Most runs in all that train or wait. One address may take as many of these places as it leaves free, which is half of
 * them if it is alone.
 */
export const MAX_RUNS = 128;
/** The longest that a run may be expected to take, in minutes, unless `MAX_RUN_MINUTES` says otherwise. */
export const MAX_RUN_MINUTES = 12 * 60;

/**
 * A model in another format is made on demand and stays in memory until it is sent. From this size on, in bytes, it
 * counts and is shared by all clients that request it.
 */
export const LARGE_EXPORT_BYTES = 64 * KIB;
/**
 * Most bytes of such exports at once, and of those that are no longer being downloaded. A single export always fits.
 */
export const MAX_EXPORT_BYTES = 288 * MIB, MAX_IDLE_EXPORT_BYTES = 48 * MIB;
/** Longest time that such an export may take, in ms. */
export const EXPORT_DEADLINE_MS = 10 * 60_000;

/** Longest head of a request, in bytes. */
export const MAX_HEAD_BYTES = 32 * KIB;
/**
 * Most pieces (chunks, or results of one read) in which a body may arrive, and the fewest bytes per additional piece on
 * average.
 */
export const MAX_BODY_PIECES = 4096, MIN_PIECE_BYTES = 256;
/** Longest pause within a body, in ms. */
export const BODY_SILENCE_MS = 10_000;

/**
 * Most open connections of a service, if the system has descriptors for them, and the share that one address may have.
 */
export const MAX_CONNECTIONS = 4096, CONNECTION_SHARE = 0.75;
/** The most requests of one address that a thread handles at once; further ones wait. */
export const MAX_ACTIVE_REQUESTS_PER_CLIENT = 128;
/** Time limits of a connection, in ms. */
export const CONNECTION_TIMES = {
  /** From its start, or from the first byte of a request, to the end of the request's head. */
  headMs: 10_000,
  /** Between two requests. */
  keepAliveMs: 65_000,
  /** To read 64 KiB of an answer. */
  sendMs: 30_000,
  /** For input that arrives after the answer and is not read. */
  lingerMs: 2000,
};
/** Longest time that an answer may take to be sent, in ms. */
export const SEND_DEADLINE_MS = 10 * 60_000;
/** Pause before a failed listener is tried again, in ms; it doubles each time. */
export const RESUME_LISTENING_MS = { first: 50, most: 2000 };

/** The most bytes of answers that wait in memory to be read, for one address and in all. */
export const MAX_SENT_BYTES_PER_CLIENT = 48 * MIB, MAX_SENT_BYTES = 96 * MIB;

/** The most bytes of imported models' bodies, from their arrival until they are stored. */
export const MAX_HELD_IMPORT_BYTES = 320 * MIB;

/** Minimum length of `LAB_TOKEN`. */
export const MIN_TOKEN_LENGTH = 6;
/**
 * Number of wrong tokens that one address may send before it has to wait, and the first and longest wait in ms; the
 * wait doubles each time.
 */
export const TOKEN_GUESSES = { free: 20, firstMs: 500, longestMs: 8000 };
