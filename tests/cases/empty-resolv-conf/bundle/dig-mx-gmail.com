;; communications error to 127.0.0.1#53: connection refused
;; no servers could be reached
