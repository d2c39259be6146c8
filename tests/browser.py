"""A headless Chromium, driven through its DevTools protocol over a pipe."""
from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--mute-audio',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
         '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required', '--remote-debugging-pipe')
PATIENCE_SEC = 30.0


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome; None if there is none."""
    return next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome', 'chrome'))), None)


class Browser:
    """One page of one browser.

    Args:
        executable: Of Chromium.
        profile: New folder for its data.

    Attributes:
        complaints: Errors that the page's console or the browser reported, and exceptions of its scripts.
        requests: Addresses that the page asked for.
    """

    def __init__(self, executable: str, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._events, events = os.pipe()
        shell = f'exec "$@" 3<&{commands} 4>&{events}'
        command = ['bash', '-c', shell, 'browser', executable, *FLAGS, f'--user-data-dir={profile}']
        self._process = subprocess.Popen(command, pass_fds=(commands, events), stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(events)
        self._buffer, self._number, self._session = b'', 0, None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self._session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        self._number += 1
        message = dict(id=self._number, method=method, params=parameters)
        if self._session:
            message['sessionId'] = self._session
        os.write(self._commands, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == self._number:
                assert 'error' not in answer, f'{method}: {answer["error"]}'
                return answer['result']

    def _receive(self) -> dict[str, Any]:
        while b'\0' not in self._buffer:
            ready, _, _ = select.select([self._events], [], [], PATIENCE_SEC)
            assert ready, 'the browser does not answer'
            received = os.read(self._events, 1 << 20)
            assert received, 'the browser has ended'
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b'\0')
        message = json.loads(line)
        self._note(message.get('method'), message.get('params', {}))
        return message

    def _note(self, method: str | None, event: dict[str, Any]) -> None:
        if method == 'Runtime.exceptionThrown':
            self.complaints.append(json.dumps(event['exceptionDetails']))
        elif method == 'Runtime.consoleAPICalled' and event['type'] in ('error', 'warning', 'assert'):
            self.complaints.append(json.dumps(event['args']))
        elif method == 'Log.entryAdded' and event['entry']['level'] in ('error', 'warning'):
            self.complaints.append(event['entry']['text'])
        elif method == 'Network.requestWillBeSent':
            self.requests.append(event['request']['url'])

    def size(self, width: int, height: int, mobile: bool = False) -> None:
        """Make the page so many CSS pixels large."""
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, mobile=mobile,
                  deviceScaleFactor=2 if mobile else 1)

    def open(self, path: Path, fragment: str = '') -> None:
        """Load a file, at what stands after the # of its address, and wait until it is drawn."""
        self.call('Page.navigate', url=path.resolve().as_uri() + fragment)
        self.wait('document.readyState === "complete" && document.querySelectorAll("svg").length > 0')

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression; a promise is awaited."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def wait(self, condition: str) -> None:
        """Until an expression is true."""
        end = time.monotonic() + PATIENCE_SEC
        while not self.evaluate(condition):
            assert time.monotonic() < end, f'never true: {condition}; {self.complaints}'
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press and release a key, named as in JavaScript."""
        text = {'Enter': '\r'}.get(key, key if len(key) == 1 else '')
        self.call('Input.dispatchKeyEvent', type='keyDown' if text else 'rawKeyDown', key=key, text=text)
        self.call('Input.dispatchKeyEvent', type='keyUp', key=key)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one point and release it at another; a click where they are one."""
        for kind, (x, y) in (('mousePressed', start), ('mouseMoved', end), ('mouseReleased', end)):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def screenshot(self, path: Path) -> None:
        """Write a PNG of what is visible."""
        path.write_bytes(base64.b64decode(self.call('Page.captureScreenshot', format='png')['data']))

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.call('Browser.close')
        self._process.wait(PATIENCE_SEC)
        os.close(self._commands)
        os.close(self._events)
