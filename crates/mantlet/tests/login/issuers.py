"""Keys and tokens as an issuer makes them, with PyJWT. What is wanted is JSON in the first argument."""

import base64
import hashlib
import hmac
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

MAKERS = {
    "RS256": (lambda: rsa.generate_private_key(65537, 2048), RSAAlgorithm),
    "ES256": (lambda: ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate, OKPAlgorithm),
}


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed_with_the_public_key(key, header, claims):
    """What a verifier would take that uses the public key as a secret."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    message = f"{part({**header, 'alg': 'HS256'})}.{part(claims)}"
    return f"{message}.{part(hmac.new(pem, message.encode(), hashlib.sha256).digest())}"


wanted = json.loads(sys.argv[1])
now = int(time.time())
keys, published = {}, {}
for name, algorithm in wanted["keys"].items():
    make, kind = MAKERS[algorithm]
    keys[name] = (make(), algorithm)
    published[name] = {
        **json.loads(kind.to_jwk(keys[name][0].public_key())),
        "kid": name,
        "alg": algorithm,
        "use": "sig",
    }
tokens = []
for token in wanted["tokens"]:
    key, algorithm = keys[token["key"]]
    claims = {"iat": now, "exp": now + 600, **token["claims"]}
    claims = {name: value for name, value in claims.items() if value is not None}
    for name in ("iat", "exp", "nbf"):
        if isinstance(claims.get(name), str):
            claims[name] = now + int(claims[name])
    header = {"kid": token["key"], **token.get("header", {})}
    header = {name: value for name, value in header.items() if value is not None}
    way = token.get("way", "signed")
    if way == "confused":
        tokens.append(signed_with_the_public_key(key, header, claims))
    elif way == "unsigned":
        tokens.append(f"{part({**header, 'alg': 'none'})}.{part(claims)}.")
    else:
        tokens.append(jwt.encode(claims, key, algorithm=algorithm, headers=header))
json.dump({"keys": published, "tokens": tokens}, sys.stdout)
