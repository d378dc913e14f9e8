"""Keys and tokens in the shapes that providers give them; made up, and put together here.

None stands in a file as a whole: services that look for leaked keys would find it.
"""

import base64
import json
from typing import Final
from urllib.parse import quote

ALNUM: Final = "Zk3Qx7Vb9Lm2Np5Rt8Wc1Yd4Fg6Hj0Sa"
HEX: Final = "5f1e9a7c3b8d0246" * 8


def _filled(size: int) -> str:
    return (ALNUM * 4)[:size]


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


SHAPES: Final[dict[str, str]] = {
    "OpenAI": "sk-" + "proj-" + _filled(20) + "T3Blbk" + "FJ" + _filled(20),
    "Anthropic": "sk-" + "ant-api03-" + _filled(93) + "AA",
    "AWS key": "AKIA" + "QX7VB9LM2NP5RT8W",
    "AWS secret": "wJal" + "r/XUtn" + _filled(30),
    "Google": "AI" + "za" + _filled(35),
    "Google OAuth": "ya" + "29." + _filled(60),
    "Azure": HEX[:32],
    "Azure storage": "DefaultEndpointsProtocol=https;AccountKey=" + _filled(86) + "==",
    "GitHub": "gh" + "p_" + _filled(36),
    "GitHub fine": "github" + "_pat_" + _filled(22) + "_" + _filled(59),
    "GitLab": "gl" + "pat-" + _filled(20),
    "Slack": "xo" + "xb-123456789012-1234567890123-" + _filled(24),
    "Stripe": "sk" + "_live_" + _filled(24),
    "Hugging Face": "h" + "f_" + _filled(34),
    "Groq": "gs" + "k_" + _filled(52),
    "Pinecone": "pc" + "sk_" + _filled(60),
    "Twilio": "S" + "K" + HEX[:32],
    "SendGrid": "S" + "G." + _filled(22) + "." + _filled(43),
    "npm": "np" + "m_" + _filled(36),
    "PyPI": "py" + "pi-AgEI" + _filled(60),
    "JWT": ".".join((_encoded({"alg": "HS256"}), _encoded({"sub": "ada"}), _filled(43))),
    "PEM": "-----BEGIN " + "PRIVATE KEY-----\n" + _filled(64) + "\n-----END PRIVATE KEY-----",
}


def forms_of(secret: str) -> set[str]:
    """How a secret may be written: as it is, in JSON, in a URL, as a header, its middle alone."""
    pair = base64.b64encode(f"user:{secret}".encode()).decode()
    middle = secret[len(secret) // 3 : len(secret) // 3 + 16]
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), pair, middle}


def found_in(text: str) -> list[str]:
    """The names of the secrets that a text holds, in whichever form."""
    return [name for name, each in SHAPES.items() if any(form in text for form in forms_of(each))]
