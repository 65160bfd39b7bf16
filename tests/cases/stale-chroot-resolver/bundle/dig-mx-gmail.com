
; <<>> DiG 9.18.49-1~deb12u3-Debian <<>> +time=3 +tries=1 mx gmail.com
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 60470
;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1

;; QUESTION SECTION:
;gmail.com.			IN	MX

;; ANSWER SECTION:
gmail.com.		300	IN	MX	10 gmail-smtp-in.l.google.com.

;; Query time: 4 msec
;; SERVER: 192.0.2.53#53(192.0.2.53) (UDP)
;; WHEN: Thu Nov 12 11:00:00 UTC 2026
;; MSG SIZE  rcvd: 96

