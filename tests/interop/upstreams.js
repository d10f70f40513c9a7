// Brokers for a relay, or for a client, each a process of its own on free ports of loopback: our
// hub, RabbitMQ and ActiveMQ, as Debian has them. They can be killed, and begin again in the same
// place with what they had written.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { free_ports } = require('./ports.js');
const { Redis } = require('./redis.js');
const { start_broker } = require('./stomp.js');

const rabbitmq = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const activemq = '/usr/share/activemq';
const patience_ms = 90_000;  // They take some seconds, and longer where others run beside them.

const running = new Set();
process.on('exit', () => {
    for (const upstream of running) upstream.clean_up();
});
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

// Whether it answers a CONNECT: it listens before it can.
function answers(port, headers) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.setTimeout(2_000, () => socket.destroy());
        socket.on('connect', () => socket.write(`CONNECT\naccept-version:1.2\n${headers}\n\0`));
        socket.on('data', (bytes) => {
            resolve(bytes.toString().startsWith('CONNECTED'));
            socket.destroy();
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(false));
    });
}

// Ours: what it had is gone with it.
class Hub {
    kind = 'edgews';
    has_store = false;

    async start() {
        const { port = 0, web = 0 } = this;
        this.broker = await start_broker([], { tcp_port: port, port: web });
        this.port = this.broker.tcp_port;
        this.web = this.broker.port;
    }
    get url() { return `stomp://127.0.0.1:${this.port}`; }
    get ws_url() { return this.broker.ws_url; }
    signal(name) { this.broker.child.kill(name); }
    async kill() {
        this.broker.child.kill('SIGKILL');
        await this.broker.exited;
    }
    async stop() { await this.broker.stop(); }
}

// A program that we did not write. Its processes are a group, which ends as one.
class Foreign {
    has_store = true;
    printed = '';
    children = [];
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edgews-upstream-'));

    run(program, args, env = {}) {
        const child = spawn(program, args, { cwd: this.folder, detached: true,
                                             env: { PATH: process.env.PATH, ...env },
                                             stdio: ['ignore', 'pipe', 'pipe'] });
        child.on('error', (error) => { this.printed += error; });
        for (const stream of [child.stdout, child.stderr]) {
            stream.setEncoding('utf8').on('data', (text) => { this.printed += text; });
        }
        this.children.push(child);
        running.add(this);
        return child;
    }
    // The broker's, which was started last.
    signal(name) { process.kill(-this.children.at(-1).pid, name); }
    async await_answer() {
        const end = performance.now() + patience_ms;
        while (!await answers(this.port, this.login)) {
            assert.ok(performance.now() < end, `${this.kind} does not answer:\n${this.printed}`);
            await pause(100);
        }
    }
    // kill -9 of all of it, but for `spared`.
    async kill(spared) {
        for (const child of this.children) {
            if (child === spared || child.exitCode !== null || child.signalCode !== null) continue;
            process.kill(-child.pid, 'SIGKILL');
            await once(child, 'exit');
        }
        this.children = this.children.filter((child) => child === spared);
    }
    clean_up() {
        for (const { pid, exitCode, signalCode } of this.children) {
            if (exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
        }
        fs.rmSync(this.folder, { recursive: true, force: true });
        running.delete(this);
    }
    async stop() {
        await this.kill();
        this.clean_up();
    }
}

class RabbitMq extends Foreign {
    kind = 'rabbitmq';
    login = 'login:guest\npasscode:guest\nhost:/\n';

    get url() { return `stomp://guest:guest@127.0.0.1:${this.port}/%2F`; }
    get ws_url() { return `ws://127.0.0.1:${this.web}/ws`; }

    async start() {
        if (!this.port) {
            const [port, amqp, web, distribution, epmd] = await free_ports(5);
            Object.assign(this, { port, web, distribution, epmd });
            fs.writeFileSync(`${this.folder}/plugins`, '[rabbitmq_stomp,rabbitmq_web_stomp].');
            fs.writeFileSync(`${this.folder}/rabbit.conf`,
                             `listeners.tcp.1 = 127.0.0.1:${amqp}\n` +
                             `stomp.listeners.tcp.1 = 127.0.0.1:${port}\n` +
                             `web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = ${web}\n`);
            // Else it would start one that stays.
            this.names = this.run('epmd', ['-port', String(epmd), '-address', '127.0.0.1']);
        }
        this.run(rabbitmq, [], {
            HOME: this.folder, RABBITMQ_NODENAME: `edgews-${this.port}@localhost`,
            RABBITMQ_MNESIA_BASE: this.folder, RABBITMQ_LOG_BASE: this.folder,
            RABBITMQ_ENABLED_PLUGINS_FILE: `${this.folder}/plugins`,
            RABBITMQ_CONFIG_FILE: `${this.folder}/rabbit.conf`, ERL_EPMD_ADDRESS: '127.0.0.1',
            ERL_EPMD_PORT: String(this.epmd), RABBITMQ_DIST_PORT: String(this.distribution),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1',
        });
        await this.await_answer();
    }
    async kill() { await super.kill(this.names); }
    async stop() {
        await super.kill();
        this.clean_up();
    }
}

class ActiveMq extends Foreign {
    kind = 'activemq';
    login = 'host:x\n';

    get url() { return `stomp://127.0.0.1:${this.port}`; }

    async start() {
        if (!this.port) {
            [this.port] = await free_ports(1);
            fs.writeFileSync(`${this.folder}/activemq.xml`, `
                <beans xmlns="http://www.springframework.org/schema/beans"
                    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                    xsi:schemaLocation="http://www.springframework.org/schema/beans
                        http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
                        http://activemq.apache.org/schema/core
                        http://activemq.apache.org/schema/core/activemq-core.xsd">
                <broker xmlns="http://activemq.apache.org/schema/core" useJmx="false"
                    brokerName="localhost" dataDirectory="${this.folder}/data">
                    <destinationPolicy><policyMap><policyEntries>
                        <!-- Without this it forgets at a crash what it had delivered. -->
                        <policyEntry queue=">" persistJMSRedelivered="true"/>
                    </policyEntries></policyMap></destinationPolicy>
                    <persistenceAdapter>
                        <kahaDB directory="${this.folder}/data/kahadb"/>
                    </persistenceAdapter>
                    <transportConnectors>
                        <transportConnector name="stomp" uri="stomp://127.0.0.1:${this.port}"/>
                    </transportConnectors>
                </broker></beans>`);
        }
        const libraries = `${this.folder}:${activemq}/lib/*:${activemq}/lib/optional/*`;
        this.run('java', ['-Xmx256M', `-Dactivemq.home=${activemq}`,
                          `-Dactivemq.base=${this.folder}`, `-Dactivemq.conf=${this.folder}`,
                          `-Dactivemq.data=${this.folder}/data`, '-cp', libraries, '-jar',
                          `${activemq}/bin/activemq.jar`, 'start', 'xbean:activemq.xml']);
        await this.await_answer();
    }
}

const upstreams = { edgews: Hub, rabbitmq: RabbitMq, activemq: ActiveMq };

// One of that kind, which answers: { kind, url, ws_url, has_store, signal(), kill(), start(),
// stop() }. Debian's ActiveMQ has no WebSockets.
async function start_upstream(kind) {
    const upstream = new upstreams[kind]();
    await upstream.start();
    return upstream;
}

// The same where a backplane's nodes meet, for which Redis is one, too: { url, kill(), start(),
// stop() }.
async function start_hub(kind) {
    if (kind !== 'redis') return start_upstream(kind);
    const redis = new Redis();
    await redis.start();
    return redis;
}

// Those that are installed here.
const kinds = ['edgews', ...(fs.existsSync(rabbitmq) ? ['rabbitmq'] : []),
               ...(fs.existsSync(`${activemq}/bin/activemq.jar`) ? ['activemq'] : [])];

module.exports = { kinds, start_hub, start_upstream };
