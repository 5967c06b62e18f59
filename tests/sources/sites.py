"""Small sites on this machine that answer as t.me, m.weibo.cn and a Mastodon 3.x instance do.

Written from what snscrape 0.7.0 parses: t.me/s/NAME (20 messages, 'before' paging), m.weibo.cn's getIndex
(card_type 9, cardlistInfo.since_id), and Mastodon's public profile ('entry' divs, 'load-more' with max_id).
"""

import json
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 3


class Sites:
    """Posts by host and account, and faults to play: {path prefix: [answers before the real one]}."""

    def __init__(self):
        self.telegram, self.weibo, self.toots = {}, {}, {}
        self.faults, self.asked = {}, []
        self.endless = False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path):
        """Return (status, headers, body) for /HOST/PATH."""
        parts = urlsplit(path)
        host, _, rest = parts.path[1:].partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for prefix, answers in self.faults.items():
            if answers and path.startswith(prefix):
                return answers.pop(0)
        site = {"t.me": self._telegram, "m.weibo.cn": self._weibo}.get(host, self._mastodon)
        return site(rest, query)

    def _telegram(self, path, query):
        if not path.startswith("s/"):
            return 200, {}, "<html><body>a channel without a public list</body></html>"
        name = path.removeprefix("s/")
        if name not in self.telegram:
            return 302, {"Location": f"https://t.me/{name}"}, ""
        posts = self.telegram[name]
        if self.endless:
            top = int(query.get("before", 10**6))
            page = [(n, "2020-02-10T08:00:00+00:00", f"post {n}") for n in range(top - 1, top - 1 - PAGE, -1)]
        else:
            page = [p for p in sorted(posts, reverse=True) if p[0] < int(query.get("before", 10**9))][:PAGE]
        more = page and (self.endless or page[-1][0] > min(p[0] for p in posts))
        before = f"/s/{name}?before={page[-1][0]}" if more else ""
        link = f'<a class="tme_messages_more" data-before="1" href="{before}"></a>' if more else ""
        messages = "".join(self._message(name, *post) for post in reversed(page))
        return 200, {}, f"<html><body>{link}{messages}</body></html>"

    def _message(self, name, number, when, text):
        body = "" if text is None else f'<div class="tgme_widget_message_text">{escape(text)}</div>'
        return (
            f'<div class="tgme_widget_message" data-post="{name}/{number}">{body}'
            f'<div class="tgme_widget_message_footer"><a class="tgme_widget_message_date" '
            f'href="https://t.me/{name}/{number}"><time datetime="{when}"></time></a></div></div>'
        )

    def _weibo(self, path, query):
        if path.startswith("n/"):
            return 302, {"Location": "/u/1234567890"}, ""
        posts = self.weibo.get(query["value"], [])
        start = int(query.get("since_id", 0))
        cards = [{"card_type": 9, "mblog": self._mblog(*post)} for post in posts[start : start + PAGE]]
        info = {"since_id": start + PAGE} if start + PAGE < len(posts) else {}
        return 200, {}, json.dumps({"ok": 1, "data": {"cards": cards, "cardlistInfo": info}})

    def _mblog(self, number, created, text, original=None):
        user = {"screen_name": "someone", "id": 1234567890, "verified": False, "description": "", "statuses_count": 1,
                "followers_count": 1, "follow_count": 1, "avatar_hd": ""}  # fmt: skip
        mblog = {"id": number, "bid": f"B{number}", "user": user, "created_at": created, "text": text}
        return mblog if original is None else {**mblog, "retweeted_status": self._mblog(*original)}

    def _mastodon(self, path, query):
        if path.rpartition("/")[2].isdigit():
            return 200, {}, self._single(*path.removeprefix("@").split("/"))
        account = path.removesuffix("/with_replies").removeprefix("@")
        if account not in self.toots:
            return 404, {}, "not found"
        toots = self.toots[account]
        page = [t for t in toots if t[0] < int(query.get("max_id", 10**18))][:PAGE]
        entries = "".join(self._entry(account, *toot) for toot in page)
        more = page and page[-1][0] > min(t[0] for t in toots)
        link = f'<a class="load-more" href="/@{account}/with_replies?max_id={page[-1][0]}"></a>' if more else ""
        # snscrape leaves out entries that are the button itself
        button = f'<div class="entry">{link}</div>' if more else ""
        return 200, {}, f'<html><body><div class="activity-stream">{entries}{button}</div></body></html>'

    def _single(self, account, number):
        (when, text), *_ = [toot[1:3] for toot in self.toots[account] if toot[0] == int(number)]
        return (
            f'<div class="entry"><div class="detailed-status"><a class="detailed-status__display-name" '
            f'href="https://mastodon.example/@{account}"><img class="u-photo" src="/a.png"><span class="display-name">'
            f"<strong>A</strong><span>@{account}@mastodon.example</span></span></a>"
            f'<div class="status__content"><p>{escape(text)}</p></div><div class="detailed-status__meta">'
            f'<data class="dt-published" value="{when}"></data><a class="detailed-status__datetime" '
            f'href="https://mastodon.example/@{account}/{number}"></a></div></div></div>'
        )

    def _entry(self, account, number, when, text, boosted_by=None):
        boost = (
            f'<div class="status__prepend"><i class="fa fa-retweet"></i><a class="status__display-name" '
            f'href="https://mastodon.example/@{boosted_by}"><strong>x</strong></a></div>'
            if boosted_by
            else ""
        )
        return (
            f'<div class="entry">{boost}<div class="status"><div class="status__info">'
            f'<a class="status__relative-time" href="https://mastodon.example/@{account}/{number}"></a>'
            f'<data class="dt-published" value="{when}"></data>'
            f'<a class="status__display-name" href="https://mastodon.example/@{account}">'
            f'<img class="u-photo" src="/a.png">'
            f'<span class="display-name"><strong>A</strong><span>@{account}@mastodon.example</span></span></a></div>'
            f'<div class="status__content"><p>{escape(text)}</p></div></div></div>'
        )

    def _handler(sites):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                sites.asked.append(self.path)
                status, headers, body = sites.answer(self.path)
                data = body if isinstance(body, bytes) else body.encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        return Handler
