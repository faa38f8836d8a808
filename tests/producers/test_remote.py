import pytest

from producers.remote import Remote, check_url, look_at
from tideline.errors import DownloadError, InputError


@pytest.mark.parametrize("url", ["http://host/f", "https://me:pw@host:8080/a/b.tsv.gz?x=1&y=%20#z", "http://[::1]:80/"])
def test_urls_of_http_are_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("ftp://me:secret@host/f?token=secret", "ftp://host/f"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("http://", "http://"),
        ("http://host:port/f", "http://host:port/f"),
        ("http://host/a b", "http://host/a b"),
        ("http://host/f\n out=/etc/passwd", "http://host/f\\n out=/etc/passwd"),
        ("http://host/f\thttp://other/f", "http://host/f\\thttp://other/f"),
        ("http://host/ä", "http://host/ä"),
        ("--help://host", "--help://host"),
    ],
)
def test_everything_else_is_refused_and_no_secret_is_shown(url: str, named: str) -> None:
    with pytest.raises(InputError) as caught:
        check_url(url)
    assert str(caught.value) == (
        f"cannot download '{named}': only URLs of http and https are taken, such as https://host/tweets.tsv.gz, "
        "in ASCII and without spaces"
    )


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(DownloadError) as caught:
        look_at("http://me:secret@127.0.0.1:1/f?token=secret")
    assert str(caught.value) == (
        "cannot download http://127.0.0.1:1/f: Connection refused; check the URL and the network, try again"
    )


def test_a_files_name_is_the_last_part_of_its_urls_path() -> None:
    assert Remote("https://host/a/full%20data.tsv.gz?x=/y", None, "").name == "full data.tsv.gz"
    assert Remote("https://host/", None, "").name == ""
    assert repr(Remote("https://me:secret@host/a", None, "")) == "Remote(https://host/a)"
