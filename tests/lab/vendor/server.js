'use strict';
// The vendor's server as its example and its tests start it: node --expose-gc server.js PACKAGE ADDRESS PORT
//
// Each line of its output is an event in JSON. What the package reports as an error, or node as uncaught, is "error".
// SIGUSR2 forces garbage collection, and "collected" says that it is done.

const path = require('path');

const GARBAGE_MS = 500;
const [folder, address, port] = process.argv.slice(2);
const dtls = require(folder);

const peer = (at) => `${at.address ?? at.remoteAddress}:${at.port ?? at.remotePort}`;
const say = (event, more) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
const failed = (where, error, of) => say('error', { where, says: String(error?.stack ?? error), ...of });

// An event 'exit' would not come where the process is killed by a signal; whoever started it sees that.
process.on('uncaughtExceptionMonitor', (error) => failed('uncaught', error));

const server = dtls.createServer({ key: path.join(folder, 'test', 'private.der'), handshakeTimeoutMin: 3000 });

server.on('connection', (socket) => {
	const of = { peer: peer(socket) };
	say('connection', of);
	socket.on('receive', (size) => say('receive', { size, ...of }));
	socket.on('send', (size) => say('send', { size, ...of }));
	socket.on('reconnect', () => say('reconnect', of));
	socket.on('close', () => say('close', of));
	socket.on('error', (code, error) => failed('socket', `${code} ${error}`, of));
	socket.on('data', (data) => say('data', { size: data.length, ...of }));
});
server.on('secureConnection', (socket) => say('secure', { peer: peer(socket) }));
server.on('clientError', (error, socket) => failed('client', error, { peer: peer(socket) }));
server.on('error', (error) => failed('server', error));
server.on('close', () => say('closed'));
// Content type 254: it knows no device, so whoever says that its session has moved is to shake hands again.
server.on('lookupKey', (device, callback) => {
	say('moved', { device });
	callback(null, null);
});
server.on('forceDeviceRehandshake', (rinfo, device) => say('rehandshake', { device, peer: peer(rinfo) }));

// What is freed late (finalizers run after the collection) is freed by the second.
const collect = (done) => {
	global.gc();
	setImmediate(() => setImmediate(() => {
		global.gc();
		setImmediate(done);
	}));
};
process.on('SIGUSR2', () => collect(() => say('collected')));
setInterval(global.gc, GARBAGE_MS);

server.listen(Number(port), address, () => say('ready'));
