<?php
define("DB_PASSWORD", "Sek1wp99");
define( 'DB_PASSWORD', 'Sek1wp98' );
$mail->Password = "Sek1phpm99";
$db["pw"] = "Sek1phpm98";
$conf['pass'] = 'Sek1phpm97';
define("AUTH_KEY", "Sek1authkey99");
define("AUTH_SALT",  "Sek1salt99");
