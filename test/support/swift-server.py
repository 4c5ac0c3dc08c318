"""OpenStack Swift with its S3 API: all of its servers in one process, with one disk.

Started with a folder; prints its address when it is ready. Its user is test:tester, its key testing.
"""

import os
import sys

import eventlet
from eventlet import wsgi

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True, time=True)

from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol, loadapp

KINDS = ['account', 'container', 'object']
FOLDER = sys.argv[1]

DEFAULT = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
"""

STORAGE = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper bulk s3api tempauth slo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


class Cache(dict):
    """Stands in for memcached, which Swift's authentication requires."""

    def __bool__(self):
        return True

    def get(self, key, *_args, **_options):
        return dict.get(self, key)

    def set(self, key, value, *_args, **_options):
        self[key] = value

    def delete(self, key, *_args, **_options):
        self.pop(key, None)


def write(name, text, **values):
    path = os.path.join(FOLDER, name)
    with open(path, 'w') as file:
        file.write(text.format(folder=FOLDER, **values))
    return path


def save_ring(kind, port):
    """Places all data of a kind on the one disk."""
    ring = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
    address = {'ip': '127.0.0.1', 'port': port}
    replication = {'replication_ip': '127.0.0.1', 'replication_port': port}
    place = {'id': 0, 'region': 1, 'zone': 1, 'weight': 1.0, 'device': 'disk'}
    ring.add_dev({**place, **address, **replication})
    ring.rebalance()
    ring.get_ring().save(os.path.join(FOLDER, f'{kind}.ring.gz'))


os.makedirs(os.path.join(FOLDER, 'disks', 'disk'))
utils.SWIFT_CONF_FILE = write('swift.conf', '[swift-hash]\nswift_hash_path_suffix = test\n')
utils.validate_configuration()

sockets = {kind: eventlet.listen(('127.0.0.1', 0)) for kind in KINDS}
for kind, socket in sockets.items():
    save_ring(kind, socket.getsockname()[1])
for kind, socket in sockets.items():
    app = loadapp(write(f'{kind}.conf', DEFAULT + STORAGE, kind=kind))
    eventlet.spawn(wsgi.server, socket, app, log_output=False)

cache = Cache()
proxy = loadapp(write('proxy.conf', DEFAULT + PROXY))


def serve(environ, start_response):
    return proxy({**environ, 'swift.cache': cache}, start_response)


entry = eventlet.listen(('127.0.0.1', 0))
print(f'http://127.0.0.1:{entry.getsockname()[1]}', flush=True)
wsgi.server(entry, serve, log_output=False, protocol=SwiftHttpProtocol)
