"""What the doctor says of which exporter at which server: endpoints that are wrong, and sound ones.

In the texts of a case `{port}` is the server's port, `{certificate}` the file of the certificate
for this host, `{elsewhere}` that of one for another host.
"""

from dataclasses import dataclass, field
from typing import Final

from langchain_otel.inspection.providers import SignalName
from servers.endpoints import Server, closed, grpc_server, http, saying, silent

SECRET: Final = "s3cret-sentinel"
BASE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"
CERTIFICATE: Final = "OTEL_EXPORTER_OTLP_CERTIFICATE"


@dataclass(frozen=True)
class Case:
    """An exporter, what listens, the variables, and what the doctor says of it."""

    exporter: str
    server: Server
    sentence: str
    step: str = ""
    variables: dict[str, str] = field(default_factory=lambda: {BASE: "http://127.0.0.1:{port}"})
    signal: SignalName = "traces"
    level: str = "mend"


HTTPS: Final = {BASE: "https://127.0.0.1:{port}"}
TRUSTED: Final = {**HTTPS, CERTIFICATE: "{certificate}"}
AT: Final = "http://127.0.0.1:{port}/v1/traces"
WITH_KEY: Final = {
    BASE: "http://127.0.0.1:{port}",
    HEADERS: f"x-api-key={SECRET},authorization=Basic {SECRET}==",
}
PAGE: Final = http(200, b"<html>", "text/html; charset=utf-8")

CASES: Final = {
    # Nobody answers.
    "grpc, closed": Case(
        "grpc",
        closed,
        "Nothing listens at 127.0.0.1:{port}: the connection is refused.",
        "Start the Collector or backend there, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is.",
    ),
    "http, closed": Case(
        "http",
        closed,
        "Nothing listens at 127.0.0.1:{port}: the connection is refused.",
        f"Start the Collector or backend there, or set {TRACES} to where it is.",
        {TRACES: AT},
    ),
    "grpc, silent": Case(
        "grpc",
        silent,
        "127.0.0.1:{port} does not answer in time.",
        f"Correct {BASE}, or open the way to it: a firewall may drop what is sent.",
    ),
    "http, silent": Case(
        "http",
        silent,
        "127.0.0.1:{port} does not answer in time.",
        f"Correct {BASE}, or open the way to it: a firewall may drop what is sent.",
    ),
    "https, silent": Case("http", silent, "127.0.0.1:{port} does not answer in time.", "", HTTPS),
    # The other protocol.
    "grpc at the port for http": Case(
        "grpc",
        http(),
        "127.0.0.1:{port} speaks OTLP over HTTP, but the exporter speaks gRPC.",
        "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or send to the port for gRPC: "
        f"Set {BASE}=http://127.0.0.1:4317.",
    ),
    "http at the port for grpc": Case(
        "http",
        grpc_server(),
        "127.0.0.1:{port} speaks gRPC, but the exporter speaks OTLP over HTTP.",
        "Set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or send to the port for OTLP over HTTP: "
        f"Set {BASE}=http://127.0.0.1:4318.",
    ),
    "https at the port for grpc": Case(
        "http",
        grpc_server(certificate="here"),
        "127.0.0.1:{port} speaks gRPC, but the exporter speaks OTLP over HTTP.",
        f"Set {BASE}=https://127.0.0.1:4318.",
        TRUSTED,
    ),
    "fast http at the port for grpc": Case(
        "fast http",
        grpc_server(),
        "127.0.0.1:{port} speaks gRPC, but the exporter speaks OTLP over HTTP.",
        "Set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or",
    ),
    "metrics over grpc at the port for http": Case(
        "grpc",
        http(),
        "127.0.0.1:{port} speaks OTLP over HTTP, but the exporter speaks gRPC.",
        "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        signal="metrics",
    ),
    # TLS on one side.
    "https to a plain port": Case(
        "http",
        http(),
        "The exporter speaks TLS, but 127.0.0.1:{port} does not.",
        f"Set {BASE}=http://127.0.0.1:{{port}}.",
        HTTPS,
    ),
    "grpc with TLS to a plain port": Case(
        "grpc",
        grpc_server(),
        "The exporter speaks TLS, but 127.0.0.1:{port} does not.",
        f"Set {BASE}=http://127.0.0.1:{{port}}.",
        HTTPS,
    ),
    "http to a port with TLS": Case(
        "http",
        http(certificate="here"),
        "127.0.0.1:{port} speaks TLS, but the exporter does not.",
        f"Set {BASE}=https://127.0.0.1:{{port}}.",
    ),
    "grpc without TLS to a port with TLS": Case(
        "grpc",
        grpc_server(certificate="here"),
        "127.0.0.1:{port} speaks TLS, but the exporter does not.",
        f"Set {BASE}=https://127.0.0.1:{{port}}.",
    ),
    # Certificates.
    "http, not trusted": Case(
        "http",
        http(certificate="here"),
        "The certificate of 127.0.0.1:{port} is not trusted.",
        f"Set {CERTIFICATE} to the file of the authority that signed it, in PEM.",
        HTTPS,
    ),
    "grpc, not trusted": Case(
        "grpc",
        grpc_server(certificate="here"),
        "The certificate of 127.0.0.1:{port} is not trusted.",
        f"Set {CERTIFICATE} to the file of the authority that signed it, in PEM.",
        HTTPS,
    ),
    "http, another host": Case(
        "http",
        http(certificate="elsewhere"),
        "The certificate of 127.0.0.1:{port} is for another host.",
        f"Set the host in {BASE} to one that the certificate names.",
        {**HTTPS, CERTIFICATE: "{elsewhere}"},
    ),
    "grpc, another host": Case(
        "grpc",
        grpc_server(certificate="elsewhere"),
        "The certificate of 127.0.0.1:{port} is for another host.",
        f"Set the host in {BASE} to one that the certificate names.",
        {**HTTPS, CERTIFICATE: "{elsewhere}"},
    ),
    "http, no file of authorities": Case(
        "http",
        http(certificate="here"),
        "The file of trusted authorities is missing: /nowhere/ca.pem.",
        f"Set {CERTIFICATE} to a file that exists, in PEM.",
        {**HTTPS, CERTIFICATE: "/nowhere/ca.pem"},
    ),
    # Schemes and paths.
    "http without a scheme": Case(
        "http",
        http(),
        "The endpoint 127.0.0.1:{port}/v1/traces has no scheme: the exporter over HTTP sends "
        "nothing.",
        f"Set {BASE}=http://127.0.0.1:{{port}}.",
        {BASE: "127.0.0.1:{port}"},
    ),
    "grpc without a scheme": Case(
        "grpc",
        grpc_server(),
        f"{BASE}=localhost:{{port}} has no scheme: the exporter over gRPC uses TLS.",
        f"Set {BASE}=http://localhost:{{port}} for a server without TLS.",
        {BASE: "localhost:{port}"},
        level="note",
    ),
    "path in the base": Case(
        "http",
        http(404),
        f"{BASE} ends with /v1/traces, to which the exporter adds /v1/traces: it sends to "
        "http://127.0.0.1:{port}/v1/traces/v1/traces.",
        f"Set {BASE}=http://127.0.0.1:{{port}}.",
        {BASE: AT},
    ),
    "path of traces in the base, for metrics": Case(
        "http",
        http(404),
        f"{BASE} ends with /v1/traces, to which the exporter adds /v1/metrics: it sends to "
        "http://127.0.0.1:{port}/v1/traces/v1/metrics.",
        f"Set {BASE}=http://127.0.0.1:{{port}}.",
        {BASE: AT},
        signal="metrics",
    ),
    "no path in the endpoint of traces": Case(
        "http",
        http(404),
        "The exporter sends traces to http://127.0.0.1:{port} as it stands: only to "
        f"{BASE} does it add /v1/traces.",
        f"Set {TRACES}={AT}.",
        {TRACES: "http://127.0.0.1:{port}"},
    ),
    "http without a scheme, with a user": Case(
        "http",
        http(),
        "The endpoint 127.0.0.1:{port}/v1/traces has no scheme: the exporter over HTTP sends "
        "nothing.",
        f"Set {BASE}=http://127.0.0.1:{{port}}.",
        {BASE: f"me:{SECRET}@127.0.0.1:{{port}}"},
    ),
    "grpc with a user": Case(
        "grpc",
        grpc_server(),
        "The exporter over gRPC takes no user and password in its endpoint.",
        f"Set {BASE}=http://127.0.0.1:{{port}}. Send the key in {HEADERS}.",
        {BASE: f"http://me:{SECRET}@127.0.0.1:{{port}}"},
    ),
    # Keys.
    "401 without a header": Case(
        "http",
        http(401),
        f"{AT} answers 401: it wants a key, and no header with one is sent.",
        f"Set {HEADERS}=authorization=Bearer%20<key>, or the header your backend names.",
    ),
    "403 with headers": Case(
        "http",
        http(403, SECRET.encode()),
        f"{AT} answers 403: it does not accept the key. The headers sent are: authorization, "
        "x-api-key.",
        f"Correct the value of authorization, x-api-key in {HEADERS}; write a space as %20, a "
        "comma as %2C, a percent sign as %25.",
        WITH_KEY,
    ),
    "grpc, a wrong key": Case(
        "grpc",
        grpc_server("UNAUTHENTICATED", details=SECRET),
        "127.0.0.1:{port} answers UNAUTHENTICATED: it does not accept the key. The headers sent "
        "are: authorization, x-api-key.",
        f"Correct the value of authorization, x-api-key in {HEADERS}; write a space as %20",
        WITH_KEY,
    ),
    "grpc, no key": Case(
        "grpc",
        grpc_server("PERMISSION_DENIED"),
        "127.0.0.1:{port} answers PERMISSION_DENIED: it wants a key, and no header with one is "
        "sent.",
        f"Set {HEADERS}=authorization=Bearer%20<key>, or",
    ),
    "a comma in a value": Case(
        "http",
        http(),
        f"One part of {HEADERS} is not name=value: the exporter leaves it out.",
        f"Set {HEADERS}=name=value,name=value. Inside a value write a comma as %2C",
        {**WITH_KEY, HEADERS: f"x-api-key=one,{SECRET}"},
    ),
    "a colon for =": Case(
        "grpc",
        grpc_server(),
        f"One part of {HEADERS} is not name=value: the exporter leaves it out.",
        "Write = between name and value, not a colon.",
        {**WITH_KEY, HEADERS: f"Authorization: Bearer {SECRET}=="},
    ),
    "quotes in the variable": Case(
        "http",
        http(),
        f"2 parts of {HEADERS} are not name=value: the exporter leaves them out.",
        "Leave the quotes out; the variable must not contain them.",
        {**WITH_KEY, HEADERS: f'"authorization=Bearer {SECRET}","x-api-key={SECRET}"'},
    ),
    "half encoded": Case(
        "http",
        http(401),
        f"The value of authorization in {HEADERS} has a space and percent-encoding: with a space "
        "in it the exporter decodes nothing.",
        f"In {HEADERS} write the space as %20, as in authorization=Basic%20<key>.",
        {**WITH_KEY, HEADERS: f"authorization=Basic {SECRET}%3D%3D"},
    ),
    # Other answers.
    "404": Case(
        "http",
        http(404),
        f"{AT} answers 404: it takes no traces there.",
        f"Set {BASE} to the address at which your backend takes OTLP traces.",
    ),
    "405": Case(
        "http",
        http(405),
        f"{AT} answers 405: this address takes no POST: it is a page, not an OTLP receiver.",
        f"Set {BASE} to the port for OTLP: 4318 for HTTP, 4317 for gRPC.",
    ),
    "413": Case(
        "http",
        http(413),
        f"{AT} answers 413: the request is too large for it.",
        "Set OTEL_BSP_MAX_EXPORT_BATCH_SIZE=64, or raise the limit of the server.",
    ),
    "429": Case(
        "http",
        http(429),
        f"{AT} answers 429: it takes no more for now.",
        "Try again later, or raise the limit of your account or server.",
    ),
    "503": Case(
        "http",
        http(503),
        f"{AT} answers 503: the server, or what it passes data on to, has trouble.",
        "Read the log of the server.",
    ),
    "400": Case(
        "http",
        http(400),
        f"{AT} answers 400: it does not take an empty request.",
        "Look at the test run: it sends a real one.",
        level="note",
    ),
    "a redirect": Case(
        "http",
        http(302, location=f"http://127.0.0.1/login?key={SECRET}"),
        f"{AT} answers 302: it redirects, and the exporter does not follow: what it sends is lost.",
        f"Set {BASE} to the address to which it redirects, often https.",
    ),
    "grpc, in trouble": Case(
        "grpc",
        grpc_server("UNAVAILABLE", details=SECRET),
        "127.0.0.1:{port} answers UNAVAILABLE: the server, or what it passes data on to, has "
        "trouble.",
        "Read the log of the server.",
    ),
    "grpc, too much": Case(
        "grpc",
        grpc_server("RESOURCE_EXHAUSTED"),
        "127.0.0.1:{port} answers RESOURCE_EXHAUSTED: it takes no more for now.",
        "Try again later, or raise the limit of your account or server.",
    ),
    "grpc, no such service": Case(
        "grpc",
        grpc_server(services={}),
        "127.0.0.1:{port} answers UNIMPLEMENTED: it takes no logs there.",
        f"Set {BASE} to the address at which your backend takes OTLP logs, or "
        "OTEL_LOGS_EXPORTER=none if it does not.",
        signal="logs",
    ),
    # No OTLP at all.
    "http, a page": Case(
        "http",
        PAGE,
        "127.0.0.1:{port} answers with a web page: it is no OTLP receiver for this exporter.",
        f"Set {BASE} to the port for OTLP over HTTP, usually 4318.",
    ),
    "grpc, a page": Case(
        "grpc",
        PAGE,
        "127.0.0.1:{port} answers HTTP: it is no OTLP receiver for this exporter.",
        f"Set {BASE} to the port for gRPC, usually 4317.",
    ),
    "http, garbage": Case(
        "http",
        saying(b"220 mail.example ESMTP\r\n"),
        "127.0.0.1:{port} answers something that is not HTTP: it is no OTLP receiver for this "
        "exporter.",
        f"Set {BASE} to the port for OTLP over HTTP, usually 4318.",
    ),
    "grpc, garbage": Case(
        "grpc",
        saying(b"220 mail.example ESMTP\r\n"),
        "127.0.0.1:{port} answers something that is not gRPC: it is no OTLP receiver for this "
        "exporter.",
        f"Set {BASE} to the port for gRPC, usually 4317.",
    ),
    # A proxy in the way.
    "a proxy that is not there": Case(
        "http",
        closed,
        "No answer comes from backend.test:4318 through the proxy that HTTP_PROXY names.",
        "Add backend.test to NO_PROXY, or correct HTTP_PROXY.",
        {
            BASE: "http://backend.test:4318",
            "HTTP_PROXY": f"http://user:{SECRET}@127.0.0.1:{{port}}",
        },
    ),
    "a proxy that refuses": Case(
        "http",
        http(407),
        "http://backend.test:4318/v1/traces, through the proxy that HTTP_PROXY names, answers "
        "407: the proxy wants a password.",
        "Add user and password to HTTPS_PROXY and HTTP_PROXY, or the host to NO_PROXY.",
        {BASE: "http://backend.test:4318", "HTTP_PROXY": "http://127.0.0.1:{port}"},
    ),
    "grpc, a proxy that is not there": Case(
        "grpc",
        closed,
        "No answer comes from backend.test:4317 through the proxy that http_proxy names "
        "(UNAVAILABLE).",
        "Add backend.test to no_proxy, or correct http_proxy.",
        {BASE: "http://backend.test:4317", "http_proxy": "http://127.0.0.1:{port}"},
    ),
}

SOUND: Final = {
    "grpc": Case("grpc", grpc_server(), "127.0.0.1:{port} answers, and takes traces as OTLP."),
    "http": Case("http", http(), f"{AT} answers, and takes traces as OTLP."),
    "fast grpc": Case(
        "fast grpc", grpc_server(), "127.0.0.1:{port} answers, and takes traces as OTLP."
    ),
    "fast http": Case("fast http", http(), f"{AT} answers, and takes traces as OTLP."),
    "metrics over grpc": Case(
        "grpc",
        grpc_server(),
        "127.0.0.1:{port} answers, and takes metrics as OTLP.",
        signal="metrics",
    ),
    "metrics over http": Case(
        "http",
        http(),
        "http://127.0.0.1:{port}/v1/metrics answers, and takes metrics as OTLP.",
        signal="metrics",
    ),
    "logs over grpc": Case(
        "grpc",
        grpc_server(),
        "127.0.0.1:{port} answers, and takes logs as OTLP.",
        signal="logs",
    ),
    "logs over http": Case(
        "http",
        http(),
        "http://127.0.0.1:{port}/v1/logs answers, and takes logs as OTLP.",
        signal="logs",
    ),
    "grpc with TLS": Case(
        "grpc",
        grpc_server(certificate="here"),
        "127.0.0.1:{port} answers, and takes traces as OTLP.",
        variables=TRUSTED,
    ),
    "http with TLS": Case(
        "http",
        http(certificate="here"),
        "https://127.0.0.1:{port}/v1/traces answers, and takes traces as OTLP.",
        variables=TRUSTED,
    ),
    "with keys, and compressed": Case(
        "http",
        http(),
        f"{AT} answers, and takes traces as OTLP.",
        variables={**WITH_KEY, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
    ),
    "a user in the address": Case(
        "http",
        http(),
        f"{AT} answers, and takes traces as OTLP.",
        variables={
            TRACES: f"http://me:{SECRET}@127.0.0.1:{{port}}/v1/traces?key={SECRET}",
        },
    ),
    "past a proxy": Case(
        "http",
        http(),
        f"{AT} answers, and takes traces as OTLP.",
        variables={
            BASE: "http://127.0.0.1:{port}",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        },
    ),
}
