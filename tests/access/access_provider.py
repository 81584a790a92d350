"""A small OpenID Connect provider in this process, as its own HTTP transport."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://id.acme.example"


class Provider(httpx2.AsyncBaseTransport):
    """Logs in whoever `claims` says; `lie` changes the token's claims."""

    def __init__(self, **claims: Any) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "k1"})
        self.signs_with = self.key
        self.claims, self.lie = claims, dict[str, Any]()
        self.codes: dict[str, dict[str, list[str]]] = {}
        self.down = False

    def agree(self, location: str) -> str:
        """What a person's browser does there: the address it is sent back to."""
        asked = parse_qs(urlsplit(location).query)
        self.codes["code1"] = asked
        return f"{asked['redirect_uri'][0]}?code=code1&state={asked['state'][0]}"

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as a provider does."""
        if self.down:
            raise httpx2.ConnectError("down")
        path = request.url.path
        if path.endswith("openid-configuration"):
            return httpx2.Response(200, json=self._configuration(), request=request)
        if path == "/keys":
            keys = {"keys": [self.key.as_dict(private=False)]}
            return httpx2.Response(200, json=keys, request=request)
        if path == "/token":
            return self._token(request, parse_qs((await request.aread()).decode()))
        return httpx2.Response(404, request=request)

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _token(self, request: httpx2.Request, form: dict[str, list[str]]) -> httpx2.Response:
        asked = self.codes.pop(form["code"][0], None)
        challenge = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
        shown = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"][0] != shown:
            return httpx2.Response(400, json={"error": "invalid_grant"}, request=request)
        claims = {
            "iss": ISSUER,
            "aud": "okr",
            "sub": "42",
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "nonce": asked["nonce"][0],
            **self.claims,
            **self.lie,
        }
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signs_with)
        body = {"access_token": "a", "token_type": "Bearer", "id_token": token}
        return httpx2.Response(200, json=body, request=request)
