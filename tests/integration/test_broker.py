import os
import subprocess
import sys

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tideline.broker import broker_status, start_broker, stop_broker
from tideline.settings import Settings
from tideline.topics import create_topics

pytestmark = pytest.mark.integration

START = """
from tideline.broker import start_broker
from tideline.settings import load_settings
start_broker(load_settings())
"""


def pid_of(settings: Settings) -> int:
    pid = broker_status(settings).pid
    assert pid is not None
    return pid


def test_the_broker_outlives_the_command_that_starts_it(own_settings: Settings) -> None:
    subprocess.run([sys.executable, "-c", START], env=os.environ | own_settings.variables(), check=True)
    assert start_broker(own_settings).pid == pid_of(own_settings)


def test_starting_twice_leaves_one_broker(own_settings: Settings) -> None:
    assert start_broker(own_settings).pid == start_broker(own_settings).pid


def test_the_broker_listens_on_this_machine_only(own_settings: Settings) -> None:
    start_broker(own_settings)
    sockets = psutil.Process(pid_of(own_settings)).net_connections("tcp")
    listening = {(s.laddr.ip.removeprefix("::ffff:"), s.laddr.port) for s in sockets if s.status == psutil.CONN_LISTEN}
    ports = (own_settings.kafka_port, own_settings.kafka_controller_port)
    assert listening == {("127.0.0.1", port) for port in ports}


def test_after_a_kill_the_broker_starts_again_with_its_records(own_settings: Settings) -> None:
    start_broker(own_settings)
    create_topics(own_settings)
    with KafkaProducer(bootstrap_servers=own_settings.kafka_bootstrap) as producer:
        producer.send(own_settings.tweets_topic, b"before the kill", partition=0).get(30)
    psutil.Process(pid_of(own_settings)).kill()
    start_broker(own_settings)
    assert first_value(own_settings) == b"before the kill"


def test_stop_leaves_no_process_and_free_ports(own_settings: Settings) -> None:
    start_broker(own_settings)
    pid = pid_of(own_settings)
    assert (stop_broker(own_settings), stop_broker(own_settings)) == (True, False)
    assert not psutil.pid_exists(pid)
    assert not broker_status(own_settings).running
    start_broker(own_settings)


def first_value(settings: Settings) -> bytes:
    partition = TopicPartition(settings.tweets_topic, 0)
    with KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        records = consumer.poll(timeout_ms=30_000)
    return bytes(records[partition][0].value)
