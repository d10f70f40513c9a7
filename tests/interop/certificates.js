// Certificates made for a test, by Debian's openssl.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

// One for `name` and for 127.0.0.1, signed by itself, so that it is its own authority: the files
// NAME.pem and NAME.key in `folder`. Returns { certificate, key }, their paths, and { ca }, PEM.
function make_certificate(folder, name) {
    const certificate = `${folder}/${name}.pem`;
    const key = `${folder}/${name}.key`;
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
        '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`, '-keyout', key,
        '-out', certificate], { stdio: 'pipe' });
    return { certificate, key, ca: fs.readFileSync(certificate) };
}

module.exports = { make_certificate };
