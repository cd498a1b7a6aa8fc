/** Names of HAProxy's (2.6) that we do not do: they stay known, to be refused by name instead of as typing mistakes. */

function names(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

const FETCHES = names(`
  base32+src bc_err bc_err_str bc_http_major be_conn_free
  be_server_timeout be_sess_rate be_tunnel_timeout bin connslots cookie cpu_calls
  cpu_ns_avg cpu_ns_tot cur_server_timeout cur_tunnel_timeout distcc_body distcc_param dst_conn dst_is_local env
  fc_dst_is_local fc_fackets fc_lost fc_pp_authority fc_pp_unique_id
  fc_reordering fc_retrans fc_rtt fc_rttvar fc_sacked fc_src_is_local fc_unacked fcgi.docroot fcgi.index
  fe_client_timeout fe_defbe fe_req_rate fe_sess_rate
  internal.htx.data internal.htx.free internal.htx.free_data internal.htx.has_eom
  internal.htx.nbblks internal.htx.size internal.htx.used internal.htx_blk.data internal.htx_blk.hdrname internal.htx_blk.hdrval
  internal.htx_blk.size internal.htx_blk.start_line internal.htx_blk.type internal.strm.is_htx last_rule_file last_rule_line lat_ns_avg
  lat_ns_tot payload payload_lv prio_class prio_offset rdp_cookie rdp_cookie_cnt rep_ssl_hello_type
  req.body req.body_len req.body_param req.body_size req.hdrs_bin req.len req.payload req.payload_lv req.rdp_cookie
  req.rdp_cookie_cnt req.ssl_alpn req.ssl_ec_ext req.ssl_hello_type req.ssl_sni req.ssl_st_ext req.ssl_ver req_len req_rdp_cookie
  req_rdp_cookie_cnt req_ssl_hello_type req_ssl_sni req_ssl_ver res.body res.body_len res.body_size res.cache_hit res.cache_name
  res.comp res.comp_algo res.hdrs_bin res.len res.payload res.payload_lv res.ssl_hello_type sc0_bytes_in_rate
  sc0_bytes_out_rate sc0_clr_gpc0 sc0_clr_gpc1 sc0_conn_cnt sc0_conn_cur sc0_conn_rate sc0_get_gpc0 sc0_get_gpc1 sc0_get_gpt0
  sc0_gpc0_rate sc0_gpc1_rate sc0_http_err_cnt sc0_http_err_rate sc0_http_fail_cnt sc0_http_fail_rate sc0_http_req_cnt sc0_http_req_rate
  sc0_inc_gpc0 sc0_inc_gpc1 sc0_kbytes_in sc0_kbytes_out sc0_sess_cnt sc0_sess_rate sc0_tracked sc0_trackers sc1_bytes_in_rate
  sc1_bytes_out_rate sc1_clr_gpc sc1_clr_gpc0 sc1_clr_gpc1 sc1_conn_cnt sc1_conn_cur sc1_conn_rate sc1_get_gpc0 sc1_get_gpc1
  sc1_get_gpt0 sc1_gpc0_rate sc1_gpc1_rate sc1_http_err_cnt sc1_http_err_rate sc1_http_fail_cnt sc1_http_fail_rate sc1_http_req_cnt
  sc1_http_req_rate sc1_inc_gpc0 sc1_inc_gpc1 sc1_kbytes_in sc1_kbytes_out sc1_sess_cnt sc1_sess_rate sc1_tracked sc1_trackers
  sc2_bytes_in_rate sc2_bytes_out_rate sc2_clr_gpc0 sc2_clr_gpc1 sc2_conn_cnt sc2_conn_cur sc2_conn_rate sc2_get_gpc0 sc2_get_gpc1
  sc2_get_gpt0 sc2_gpc0_rate sc2_gpc1_rate sc2_http_err_cnt sc2_http_err_rate sc2_http_fail_cnt sc2_http_fail_rate sc2_http_req_cnt
  sc2_http_req_rate sc2_inc_gpc0 sc2_inc_gpc1 sc2_kbytes_in sc2_kbytes_out sc2_sess_cnt sc2_sess_rate sc2_tracked sc2_trackers
  sc_bytes_in_rate sc_bytes_out_rate sc_clr_gpc sc_clr_gpc0 sc_clr_gpc1 sc_conn_cnt sc_conn_cur sc_conn_rate sc_get_gpc sc_get_gpc0
  sc_get_gpc1 sc_get_gpt sc_get_gpt0 sc_gpc0_rate sc_gpc1_rate sc_gpc_rate sc_http_err_cnt sc_http_err_rate sc_http_fail_cnt
  sc_http_fail_rate sc_http_req_cnt sc_http_req_rate sc_inc_gpc sc_inc_gpc0 sc_inc_gpc1 sc_kbytes_in sc_kbytes_out sc_sess_cnt
  sc_sess_rate sc_tracked sc_trackers src_bytes_in_rate src_bytes_out_rate src_clr_gpc src_clr_gpc0 src_clr_gpc1
  src_conn_cnt src_conn_cur src_conn_rate src_get_gpc src_get_gpc0 src_get_gpc1 src_get_gpt src_get_gpt0 src_gpc0_rate src_gpc1_rate
  src_gpc_rate src_http_err_cnt src_http_err_rate src_http_fail_cnt src_http_fail_rate src_http_req_cnt src_http_req_rate src_inc_gpc
  src_inc_gpc0 src_inc_gpc1 src_is_local src_kbytes_in src_kbytes_out src_sess_cnt src_sess_rate src_updt_conn_cnt
  srv_conn_free srv_iweight srv_sess_rate srv_uweight
  stopping table_avl table_cnt thread url32+src url_ip url_port wait_end
`);

/** Node's TLS does not tell the random numbers of a handshake, its secrets, nor what stood in the client's hello. */
const TLS_FETCHES = names(`
  ssl_bc_client_random ssl_bc_server_random ssl_fc_cipherlist_bin ssl_fc_cipherlist_hex ssl_fc_cipherlist_str ssl_fc_cipherlist_xxh
  ssl_fc_client_early_traffic_secret ssl_fc_client_handshake_traffic_secret ssl_fc_client_random ssl_fc_client_traffic_secret_0
  ssl_fc_early_exporter_secret ssl_fc_ecformats_bin ssl_fc_eclist_bin ssl_fc_exporter_secret ssl_fc_extlist_bin ssl_fc_protocol_hello_id
  ssl_fc_server_handshake_traffic_secret ssl_fc_server_random ssl_fc_server_traffic_secret_0
`);

const CONVERTERS = names(`
  add_item aes_gcm_dec be2dec be2hex concat crc32c cut_crlf debug
  fix_is_valid fix_tag_value hex2i htonl in_table json_query jwt_header_query jwt_payload_query jwt_verify
  language mqtt_field_value mqtt_is_valid nbsrv protobuf secure_memcmp
  srv_queue strcmp table_bytes_in_rate table_bytes_out_rate table_conn_cnt table_conn_cur table_conn_rate table_expire table_gpc
  table_gpc0 table_gpc0_rate table_gpc1 table_gpc1_rate table_gpc_rate table_gpt table_gpt0 table_http_err_cnt table_http_err_rate
  table_http_fail_cnt table_http_fail_rate table_http_req_cnt table_http_req_rate table_idle table_kbytes_in table_kbytes_out
  table_server_id table_sess_cnt table_sess_rate table_trackers ungrpc xxh3 xxh32 xxh64
`);

const REQUEST_ACTIONS = names(`
  cache-use do-resolve early-hint normalize-uri ot-group replace-uri
  sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-spoe-group set-dst set-dst-port set-mark set-nice
  set-priority-class set-priority-offset set-src set-src-port set-timeout set-tos set-uri strict-mode
  track-sc0 track-sc1 track-sc2 wait-for-body wait-for-handshake
`);

const RESPONSE_ACTIONS = names(`
  cache-store ot-group sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-spoe-group
  set-mark set-nice set-tos strict-mode track-sc0 track-sc1 track-sc2
  wait-for-body
`);

/** About TCP content, which no proxy of ours inspects. */
const ACLS = names('RDP_COOKIE REQ_CONTENT WAIT_END');

export function isForeignFetch(name: string): boolean {
  return FETCHES.has(name) || TLS_FETCHES.has(name);
}

export function isForeignConverter(name: string): boolean {
  return CONVERTERS.has(name);
}

/** @param name perhaps with an argument: `track-sc0(x)` */
export function isForeignAction(name: string, phase: 'request' | 'response' | 'log'): boolean {
  const bare = name.replace(/\(.*/, '');
  return (phase === 'request' ? REQUEST_ACTIONS : RESPONSE_ACTIONS).has(bare);
}

/** A predefined ACL. */
export function isForeignAcl(name: string): boolean {
  return ACLS.has(name);
}
