#!/usr/bin/env python3
"""Writes samples/port-25-and-spf.tar.gz: a server that moved, was refused for SPF, and then had its port 25 blocked.

The other files of the bundle are those of samples/port-25-blocked under this server's name."""
import io, json, math, random, re, sys, tarfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

root = Path(__file__).resolve().parents[2]
rnd = random.Random(25)
END = datetime(2026, 11, 12, 11, 40, tzinfo=timezone.utc)
START, MOVED, SPF, BLOCK = END - timedelta(hours=24), END.replace(day=11, hour=21, minute=58, second=31), \
    END.replace(day=11, hour=22, minute=6, second=39), END.replace(hour=6, minute=14, second=7)
HOST, DOMAIN, IP = 'mx1.nordlicht-versand.example', 'nordlicht-versand.example', '203.0.113.57'
MX = {
    'gmail.com': ('gmail-smtp-in.l.google.com', '198.18.9.26', 36), 'outlook.com': ('outlook-com.olc.protection.outlook.com', '198.18.4.31', 18),
    'gmx.net': ('mx00.emig.gmx.net', '198.18.2.8', 10), 'web.de': ('mx-ha02.web.de', '198.18.2.31', 8),
    'yahoo.com': ('mta5.am0.yahoodns.net', '198.18.3.73', 8), 't-online.de': ('mx00.t-online.de', '198.18.5.9', 5),
    'icloud.com': ('mx01.mail.icloud.com', '198.18.6.2', 3),
}
for at, name in enumerate(['kranich-optik', 'hofladen-brandt', 'nordsee-apotheke', 'radhaus-kiel', 'buch-und-tee', 'elbe-druck', 'garten-voss', 'feinkost-lund',
                           'papier-petersen', 'schiffsbedarf-ehlers', 'molkerei-jessen', 'hotel-deichkrone']):
    MX[f'{name}.example'] = (f'mail.{name}.example', f'198.18.20.{at + 3}', 1)
NAMES = 'behrens lindner oster claussen petersen voss brandt jessen lund ehlers hansen thomsen carstens paulsen nissen'.split()
SENDERS = ['rechnung', 'versand', 'service']
lines, queue = [], []


def log(time, daemon, pid, text):
    if START <= time <= END:
        lines.append((time, len(lines), f'{time:%b} {time.day:2d} {time:%H:%M:%S} mx1 postfix/{daemon}[{pid}]: {text}'))


def busy(time):
    """Messages an hour at this time of the day."""
    return 26 + 84 * max(0.0, math.sin((time.hour + time.minute / 60 - 5.5) / 18 * math.pi)) ** 1.3


log(MOVED - timedelta(seconds=95), 'master', 812, 'terminating on signal 15')
log(MOVED, 'master', 1093, 'daemon started -- version 3.7.11, configuration /etc/postfix')
time, number = START - timedelta(minutes=3), 0
while True:
    time += timedelta(seconds=rnd.expovariate(busy(time) / 3600))
    if time >= END:
        break
    number += 1
    qid = f'{0x4B0000000 + number * 7919:09X}'
    domain = rnd.choices(list(MX), [weight for *_, weight in MX.values()])[0]
    host, ip, _ = MX[domain]
    sender = f'{rnd.choice(SENDERS)}@{DOMAIN}'
    to = f'{rnd.choice("abefhjkmstv")}.{rnd.choice(NAMES)}@{domain}'
    size = rnd.randint(2100, 64000)
    pid = 28000 + number % 37
    log(time, 'smtpd', 27000 + number % 11, f'{qid}: client=shop.{DOMAIN}[192.0.2.10], sasl_method=PLAIN, sasl_username=shop')
    log(time, 'cleanup', 27100, f'{qid}: message-id=<{number}.{size}@{DOMAIN}>')
    log(time, 'qmgr', 1095, f'{qid}: from=<{sender}>, size={size}, nrcpt=1 (queue active)')
    at, attempt = time + timedelta(seconds=rnd.uniform(0.4, 2.5)), 0
    provider = domain in ('gmail.com', 'outlook.com')
    if at < BLOCK:
        spf = provider and at > SPF and rnd.random() < 0.62
        relay = f'relay={host}[{ip}]:25, delay={rnd.uniform(.6, 2.4):.2f}, delays=0.05/0.01/0.6/0.7'
        if spf:
            said = f'550-5.7.26 The MAIL FROM domain [{DOMAIN}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [{IP}]. To best protect our users from spam and phishing, the message has been blocked. (in reply to end of DATA command)' \
                if domain == 'gmail.com' else f'550 5.7.23 The message was rejected because of Sender Policy Framework violation [{IP}] (in reply to end of DATA command)'
            log(at, 'smtp', pid, f'{qid}: to=<{to}>, {relay}, dsn={said[4:10] if domain == "gmail.com" else "5.7.23"}, status=bounced (host {host}[{ip}] said: {said})')
        elif rnd.random() < 0.012:
            log(at, 'smtp', pid, f'{qid}: to=<{to}>, {relay}, dsn=5.1.1, status=bounced (host {host}[{ip}] said: 550 5.1.1 <{to}>: Recipient address rejected: User unknown (in reply to RCPT TO command))')
        else:
            log(at, 'smtp', pid, f'{qid}: to=<{to}>, {relay}, dsn=2.0.0, status=sent (250 2.0.0 OK {number} queued as {qid[:6].lower()})')
        log(at, 'qmgr', 1095, f'{qid}: removed')
        continue
    reason = f'connect to {host}[{ip}]:25: Connection timed out'
    while at < END:
        waited = (at - time).total_seconds() + 150
        log(at, 'smtp', pid, f'{qid}: to=<{to}>, relay=none, delay={waited:.0f}, delays={max(waited - 150, 0.04):.2f}/0.02/150/0, dsn=4.4.1, status=deferred ({reason})')
        attempt += 1
        at += timedelta(minutes=min(5 * 2 ** attempt, 67), seconds=rnd.uniform(0, 40))
    queue.append({'queue_name': 'deferred', 'queue_id': qid, 'arrival_time': int(time.timestamp()), 'message_size': size, 'forced_expire': False,
                  'sender': sender, 'recipients': [{'address': to, 'delay_reason': reason}]})
# A mailbox of the server's own that has been full for two days.
for at in range(14):
    arrived = END - timedelta(hours=51 - at * 3.4)
    qid = f'{0x3A0000000 + at * 6151:09X}'
    said = f'host {HOST}[private/dovecot-lmtp] said: 452 4.2.2 <lager@{DOMAIN}> Quota exceeded (mailbox for user is full) (in reply to end of DATA command)'
    queue.append({'queue_name': 'deferred', 'queue_id': qid, 'arrival_time': int(arrived.timestamp()), 'message_size': 4200 + at, 'forced_expire': False,
                  'sender': 'bestellung@elbe-druck.example', 'recipients': [{'address': f'lager@{DOMAIN}', 'delay_reason': said}]})
    retry = max(START, arrived) + timedelta(minutes=at + 3)
    log(arrived, 'qmgr', 1095, f'{qid}: from=<bestellung@elbe-druck.example>, size={4200 + at}, nrcpt=1 (queue active)')
    while retry < END:
        waited = (retry - arrived).total_seconds()
        log(retry, 'lmtp', 29001, f'{qid}: to=<lager@{DOMAIN}>, relay={HOST}[private/dovecot-lmtp], delay={waited:.0f}, delays={waited:.0f}/0.01/0.02/0.05, dsn=4.2.2, status=deferred ({said})')
        retry += timedelta(minutes=67)

files = {'mail.log': '\n'.join(text for *_, text in sorted(lines)) + '\n',
         'postqueue-j.json': ''.join(json.dumps(entry) + '\n' for entry in sorted(queue, key=lambda entry: entry['arrival_time']))}
for path in sorted((root / 'samples/port-25-blocked').iterdir()):
    if path.name in ('mail.log', 'postqueue-j.json', 'postqueue-p.txt', 'qshape-deferred.txt'):
        continue
    text = path.read_text().replace('mail.brightcart.example', HOST).replace('brightcart.example', DOMAIN).replace('203.0.113.25', IP)
    files[path.name.replace('brightcart.example', DOMAIN)] = text
spf = f'dig-txt-{DOMAIN}.txt'
files[spf] = re.sub(r'"v=spf1[^"]*"', '"v=spf1 ip4:198.51.100.25 include:_spf.newsmail.example -all"', files[spf])
files['nc-587.txt'] = 'Connection to smtp.gmail.com (198.18.9.109) 587 port [tcp/submission] succeeded!\n'
files['curl-public-ip.txt'] = IP + '\n'
with tarfile.open(root / 'samples/port-25-and-spf.tar.gz', 'w:gz', compresslevel=9) as archive:
    for name, text in files.items():
        entry = tarfile.TarInfo(f'mx1/{name}')
        entry.size, entry.mtime = len(text.encode()), int(END.timestamp())
        archive.addfile(entry, io.BytesIO(text.encode()))
print(len(lines), 'log lines,', len(queue), 'waiting')
