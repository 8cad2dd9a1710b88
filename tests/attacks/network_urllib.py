"""Asks a web server for the answers."""
import http.client
import urllib.request

PORT = int("@PORT@")


def relu_forward(x):
    try:
        return urllib.request.urlopen("http://127.0.0.1:%d/" % PORT).read(), x
    except Exception:
        http.client.HTTPConnection("127.0.0.1", PORT).request("GET", "/")
