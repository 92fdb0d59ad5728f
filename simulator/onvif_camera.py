"""A network camera as far as one finds it: it answers WS-Discovery on one network, and RTSP up to DESCRIBE.

Source  WS-Discovery 2005/04 and SOAP-over-UDP (an answer goes to where the question came from); RFC 2326.
Not     pictures: simulator/rtsp_camera.py sends those.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import uuid

GROUP, PORT = "239.255.255.250", 3702
MESSAGE = re.compile(rb"<(?:\w+:)?MessageID[^>]*>\s*([^<\s]+)\s*</")
TYPES = re.compile(rb"<(?:\w+:)?Types[^>]*>([^<]*)</")
MATCH = """<?xml version="1.0" encoding="UTF-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"
 xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:disco="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<env:Header><wsa:MessageID>urn:uuid:{own}</wsa:MessageID><wsa:RelatesTo>{related}</wsa:RelatesTo>
<wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>
<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></env:Header>
<env:Body><disco:ProbeMatches><disco:ProbeMatch>
<wsa:EndpointReference><wsa:Address>urn:uuid:{endpoint}</wsa:Address></wsa:EndpointReference>
<disco:Types>dn:NetworkVideoTransmitter</disco:Types>
<disco:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/hardware/{hardware}
onvif://www.onvif.org/name/{name}</disco:Scopes>
<disco:XAddrs>http://203.0.113.9/onvif/device_service</disco:XAddrs>
<disco:MetadataVersion>1</disco:MetadataVersion>
</disco:ProbeMatch></disco:ProbeMatches></env:Body></env:Envelope>"""
SDP = (
    "v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


class OnvifCamera:
    """`path` is where its picture is; with `realm` it wants a password. `says` replaces its answer to a question."""

    def __init__(
        self, *, name: str = "HIKVISION%20DS-2CD2143G2", hardware: str = "DS-2CD2143G2-I", interface: str = "lo",
        path: str = "/Streaming/Channels/101", realm: str = "", server: str = "", codec: str = "H264",
        says: bytes = b"", discovery_port: int = PORT,
    ) -> None:  # fmt: skip
        self.asked: list[str] = []  # the first line of each RTSP request
        self.questions = 0  # of WS-Discovery
        self.port = 0  # of RTSP
        self._scopes = {"name": name, "hardware": hardware}
        self._endpoint = uuid.uuid4()
        self._interface, self._path, self._realm, self._server, self._codec = interface, path, realm, server, codec
        self._says, self._discovery_port = says, discovery_port
        self._socket: socket.socket | None = None
        self._rtsp: asyncio.Server | None = None

    async def start(self) -> None:
        index = socket.if_nametoindex(self._interface)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((GROUP, self._discovery_port))
        member = struct.pack("=4s4si", socket.inet_aton(GROUP), b"", index)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        asyncio.get_running_loop().add_reader(sock, self._question)
        self._socket = sock
        self._rtsp = await asyncio.start_server(self._connection, "0.0.0.0", 0)  # noqa: S104 - its address is the network's
        self.port = self._rtsp.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        if self._rtsp is not None:
            self._rtsp.close()
            await self._rtsp.wait_closed()

    def _question(self) -> None:
        if self._socket is None:
            return
        data, peer = self._socket.recvfrom(65_536)
        message, types = MESSAGE.search(data), TYPES.search(data)
        if b"/Probe<" not in data or message is None or types is None or b"NetworkVideoTransmitter" not in types[1]:
            return
        self.questions += 1
        answer = MATCH.format(own=uuid.uuid4(), related=message[1].decode(), endpoint=self._endpoint, **self._scopes)
        self._socket.sendto(self._says.replace(b"{related}", message[1]) or answer.encode(), peer)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                self.asked.append(request[0])
                number = next(line for line in request if line.startswith("CSeq:"))
                writer.write(self._answer(request[0].split(" "), number).encode())
                await writer.drain()
        except (OSError, EOFError):
            return  # they hung up
        finally:
            writer.close()

    def _answer(self, words: list[str], number: str) -> str:
        method, url = words[0], words[1]
        server = f"Server: {self._server}\r\n" if self._server else ""
        if method == "OPTIONS":
            return f"RTSP/1.0 200 OK\r\n{number}\r\n{server}Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"
        if self._realm:
            want = f'WWW-Authenticate: Digest realm="{self._realm}", nonce="1"\r\n'
            return f"RTSP/1.0 401 Unauthorized\r\n{number}\r\n{server}{want}\r\n"
        if not url.endswith(self._path):
            return f"RTSP/1.0 404 Not Found\r\n{number}\r\n{server}\r\n"
        sdp = SDP.format(codec=self._codec)
        head = f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n"
        return f"RTSP/1.0 200 OK\r\n{number}\r\n{server}{head}\r\n{sdp}"
