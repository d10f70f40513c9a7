// Chromium, by which a test sees a page as people do.
//
// EDGEWS_CHROMIUM names the browser's binary (default: /usr/bin/chromium).
'use strict';

const { chromium } = require('playwright-core');

// It keeps to itself: nothing that it does on its own account reaches the network.
const launch_chromium = (arguments_ = []) => chromium.launch({
    executablePath: process.env.EDGEWS_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--headless=new', '--disable-gpu', '--disable-quic', '--no-first-run',
           '--disable-background-networking', '--disable-component-update', '--disable-sync',
           ...arguments_],
});

module.exports = { launch_chromium };
