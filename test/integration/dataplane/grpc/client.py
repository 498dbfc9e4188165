"""A client of grpcio: calls the shop at the port that it is given, and prints a line of JSON for each thing that it sees."""

import json
import sys

import grpc

channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1], options=[("grpc.default_authority", "shop.test")])
who = channel.unary_unary("/shop.Cart/Who")
repeat = channel.unary_stream("/shop.Cart/Repeat")
collect = channel.stream_unary("/shop.Cart/Collect")
chat = channel.stream_stream("/shop.Cart/Chat")
fail = channel.unary_unary("/shop.Cart/Fail")
wait = channel.unary_unary("/shop.Cart/Wait")


def say(name, value):
    print(json.dumps({name: value}), flush=True)


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


first, call = who.with_call(b"")
cookies = [value.split(";")[0] for key, value in call.initial_metadata() if key == "set-cookie"]
session = [("cookie", cookies[0])]
say("same", len({who(b"", metadata=session) for _ in range(5)} | {first}))
say("collect", collect(iter([b"a", b"b"]), metadata=session).decode())
say("repeat", len(list(repeat(b"3", metadata=session))))
say("chat", [answer.decode() for answer in chat(iter([b"x", b"y"]), metadata=session)] == [f"{first.decode()}: x", f"{first.decode()}: y"])
say("fail", code_of(lambda: fail(b"")))
say("deadline", code_of(lambda: wait(b"", timeout=0.3)))
say("unimplemented", code_of(lambda: channel.unary_unary("/shop.Cart/Unknown")(b"")))
