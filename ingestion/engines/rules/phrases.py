"""What papers call their fields, in English, German, French, Spanish, Italian, Portuguese, Dutch
and Malay: folded (lower case, no accents), words parted by a space.

`field -> weight -> phrases parted by |`, the weight saying how surely the phrase means the
field. `other_*` are no fields of ours: they take their words away, so that "order date" is
never read as "date". Data only; how phrases are found is in `labels.py`.
"""

Phrases = dict[str, dict[float, str]]

BILL: Phrases = {
    "document_number": {
        1.0: (
            "invoice no|invoice number|invoice num|invoice nr|invoice id|invoice #|inv no|inv #"
            "|tax invoice no|tax invoice number|tax invoice #|invoice no & date|inv number"
            "|invoice n|bill no|bill number|bill #|receipt no|receipt number|receipt #"
            "|receipt nr|rcpt no|rcpt #|document no|document number|doc no|doc #|cash bill no"
            "|credit note no|credit note number|debit note no|slip no|invoice serial no"
            "|serial no of invoice|cash memo no|memo no|ref bill|rechnungsnummer|rechnungs nr"
            "|rechnung nr|rechnung nummer|rechnungsnr|rechnung no|rechnung #|rechnung numero"
            "|beleg nr|belegnummer|belegnr|bon nr|gutschrift nr|gutschriftsnummer|facture n"
            "|facture no|facture num|facture numero|n de facture|n facture|no de facture"
            "|numero de facture|numero facture|no facture|avoir n|avoir no|numero d avoir"
            "|ref facture|factura no|factura n|numero de factura|n de factura|no de factura"
            "|n factura|factura num|factura numero|nota fiscal n|fattura n|fattura nr|fattura no"
            "|numero fattura|n fattura|numero documento|fatura n|fatura no|numero da fatura"
            "|n da fatura|fatura numero|factuurnummer|factuur nr|factuurnr|factuur no|no invois"
            "|no resit|no invoice|no bil|rechnungskorrektur nr|rechnungskorrektur|korrektur nr"
            "|factura rectificativa n|rectificativa n|nota de credito n|nota di credito n"
            "|note de credit n|note de credit no|creditnota nr"
        ),
        0.7: (
            "voucher no|trans no|transaction no|transaction id|check no|check #|order no|trn no"
            "|bill|document|receipt|ticket no|ticket #|order #|folio no|folio|chk|trans #|txn no"
            "|bill id|receipt id|trx no|cb no|cs no|beleg|ticket|quittung nr|documento n|bon no"
            "|ref no|reference no"
        ),
        0.6: (
            "invoice|rechnung|facture|factura|fattura|fatura|factuur|avoir|gutschrift"
            "|tax invoice|handelsrechnung|credit note|mietrechnung|schlussrechnung|teilrechnung"
            "|cash bill|cash memo"
        ),
    },
    "vague_number": {
        0.65: "no|nr|#|number|n|bill|document|receipt|ticket|beleg|chk|check|order",
    },
    "document_date": {
        1.0: (
            "invoice date|date of invoice|invoice dt|inv dt|bill dt|inv date|tax invoice date"
            "|bill date|date of bill|billing date|receipt date|document date|doc date|date of issue"
            "|issue date|issued on|date issued|issued|dated|invoice dated|credit note date"
            "|rechnungsdatum|rechnungs datum|rechnung datum|beleg datum|belegdatum"
            "|ausstellungsdatum|rechnung vom|datum der rechnung|date de facture"
            "|date de facturation|date facture|date d emission|date de la facture|facture du"
            "|date d avoir|fecha de factura|fecha factura|fecha de emision|fecha de la factura"
            "|data fattura|data documento|data emissione|data di emissione|data de emissao"
            "|data da fatura|data emissao|factuurdatum|tarikh invois|invoice issued"
            "|fecha de expedicion|date of supply"
        ),
        0.8: (
            "date|datum|fecha|data|tarikh|trans date|transaction date|sale date|date time"
            "|date & time|print date|purchase date|dt|tarikh masa|transaction date time"
            "|sales date|business date|statement date|le"
        ),
    },
    "due_date": {
        1.0: (
            "due date|due dt|payment due|payment due date|due by|due on|pay by|payable by"
            "|please pay by|date due|payment due by|falligkeitsdatum|fallig am|fallig bis"
            "|zahlbar bis|falligkeit|zahlungsziel|zu zahlen bis|uberweisen sie bis zum"
            "|date d echeance"
            "|echeance|date echeance|a payer avant le|fecha de vencimiento|vencimiento|scadenza"
            "|data scadenza|data de vencimento|vencimento|vervaldatum|te betalen voor"
            "|betalen voor|uiterste betaaldatum|zahlbar ohne abschlag bis"
            "|zahlbar innerhalb 30 tagen netto bis|due"
        ),
    },
    "other_date": {
        1.0: (
            "order date|po date|p o date|delivery date|ship date|shipping date|date shipped"
            "|ack date|ack dt|acknowledgement date|date of delivery|dispatch date|challan date"
            "|lr date|print date|valid upto|valid until|expiry date|exp date|date of birth"
            "|bestelldatum|bestell datum|lieferdatum|leistungsdatum|leistungs datum"
            "|lieferschein datum|liefer bzw leistungsdatum|auftragsdatum|auftrag datum"
            "|date de livraison|date de commande|date livraison|valutadatum|service date"
            "|arrival date|departure date|check in|check out|date of removal|removal date"
            "|buyer s order dated|delivery note date|e way bill date|eway bill date|ewb date"
            "|irn date|fecha de entrega|data consegna|data ordine|orderdatum|leverdatum|period"
            "|leistungszeitraum|payment date|date paid|paid on|start date"
            "|end date|rr lr date|liefertermin|liefer und leistungsdatum"
            "|liefer und leistungszeitraum|order dated|po dated|eway bill dated"
        ),
    },
    "other_number": {
        1.0: (
            "order number|purchase order no|purchase order number|po no|po number|p o no|po #"
            "|p o #|customer no|customer number|customer id|customer #|account no|account number"
            "|a c no|acc no|acct no|kundennummer|kunden nr|kundennr|bestellnummer|bestell nr"
            "|lieferschein nr|auftrags nr|lieferscheinnummer|phone no|mobile no|tel no|fax no"
            "|delivery note no|delivery note|challan no|dispatch doc no|despatch document no"
            "|buyer s order no|order no|lr no|rr no|lr rr no|grn no|vehicle no|motor vehicle no"
            "|other references|reference no & date|supplier s ref|swift code|roc no|co no"
            "|company no|co reg no|reg no|registration no|table no|table #|table|cashier|counter"
            "|counter no|till|till no|terminal|terminal id|merchant id|member no|member id"
            "|store no|store #|batch no|approval code|card no|auth code|trace no|iban|bic"
            "|bank account|numero client|n client|code client|siret|referenz|votre reference"
            "|your reference|your ref|our ref|numero de client|numero cliente|klantnummer"
            "|kundenreferenz|mandatsreferenz|steuernummer|contract no|project no|job no|pos no"
            "|pos id|staff|salesperson|shift|cheque no|pan no|pan|cin no|cin|bank|ifsc|fssai no"
            "|drug licence no|lic no|sl no|s no|sr no|item no|art nr|phone|tel|fax|mobile"
            "|ihre nummer|export no|shipping bill no|ref|steuer nr|filiale|kasse|bediener"
            "|guest no|guests|pax|room no|confirmation no|server|gln|duns|ust idnr|vsnr"
            "|policennummer|siren|handelsreg|ihr zeichen|unser zeichen|objekt nr|vertrag"
            "|vertragsnummer|mietvertrag|amazon order|reference|your order|your order no"
            "|your po|our po|your p o|p o number|p o"
            "|your order number|ihre bestellung|votre commande|policy no|policy number|policy #"
            "|contract number|contract #|agreement no|membership no|membership number|member number"
            "|meter no|meter number|meter serial no|claim no|claim number|job number|project number"
            "|consumer no|consumer number|ca no|mitgliedsnummer|vertragskonto|vertragskontonummer"
            "|zahlernummer|zahler nr|versicherungsnummer|versicherungsschein nr|vertrags nr"
            "|contrat n|n contrat|n de contrat|numero de contrat|police n|n de police|n poliza"
            "|poliza n|polizza n|numero de poliza|contrato n|contratto n|n contratto"
        ),
    },
    "currency": {
        1.0: (
            "currency|invoice currency|rechnungswahrung|wahrung|devise|moneda|valuta|betrage in"
            "|mata wang"
        ),
    },
    "other_currency": {
        1.0: "wahrung der umsatzsteuerbuchung|tax currency",
    },
    "irn": {
        1.0: "irn|irn no|invoice reference number|invoice reference no",
    },
    "ack_number": {
        1.0: "ack no|ack number|acknowledgement no|acknowledgement number|ack #",
    },
    "ewb_number": {
        1.0: (
            "e way bill no|e way bill number|eway bill no|eway bill number|e way bill|ewb no"
            "|eway bill|ewb number|e waybill no|e way bill #|ewb|eway bill ref no"
        ),
    },
    "place_of_supply": {
        1.0: (
            "place of supply|pos|pl of supply|place of sup|supply place"
            "|place of supply of service|place of supply state|state of supply"
        ),
    },
    "supplier_tax_id": {
        1.0: (
            "gst id|gst id no|gst no|gst reg no|gst registration no|gst reg|vat no|vat number"
            "|vat id|vat reg no|vat registration no|vat registration number|vat reg|vat|tax id"
            "|tax id no|ein|abn|sst no|sst id|sst reg no|sales tax no|service tax no|ust idnr"
            "|ust id nr|ust id|umsatzsteuer id|ust identnr|uid|uid nr|tva intracom|n tva|no tva"
            "|tva|numero tva|tva intracommunautaire|n tva|n de tva|num tva|numero de tva|nif|cif"
            "|p iva|partita iva|piva|btw nr|btw nummer|btw id|btw|tax reg no|tax number|fein|tin"
            "|vat reg number|vat id no|federal tax id|ust id no|nipc|contribuinte|cif nif"
            "|nif cif|n contribuinte|ust idnr|mwst nr|gst reg number|gst"
        ),
    },
}

AMOUNTS: Phrases = {
    "total_amount": {
        1.0: (
            "grand total|total amount due|total due|total payable|amount payable|net payable"
            "|total amount payable|invoice total|invoice value|total invoice value"
            "|total invoice amount|invoice amount|bill total|bill amount|net amount payable"
            "|total incl gst|total incl of gst|total inclusive of gst|total inclusive gst"
            "|rounded total|total rounded|total after rounding|total amount incl gst"
            "|total amount inclusive gst|total sales inclusive of gst|nett total"
            "|total sales inclusive gst|total sales incl gst|total incl tax|total including tax"
            "|total payment|total inc gst|total amt incl gst|total incl vat|total including vat"
            "|total inc vat|total to pay|amount to pay|total amount after tax|total after tax"
            "|amount after tax|total amt payable|total with tax|payable amount|round d total"
            "|rounding total|total amount inc gst|total value|net bill amount|grand total inr"
            "|total invoice value in figure|total sale|gesamtbetrag|rechnungsbetrag"
            "|rechnungsbeitrag|gesamtsumme|endbetrag|endsumme|rechnungssumme brutto|bruttobetrag"
            "|summe brutto|gesamt brutto|gesamtbetrag brutto|summe inkl ust|summe inkl mwst"
            "|gesamtbetrag inkl|zu zahlender betrag|rechnungssumme|bruttosumme|total ttc"
            "|montant ttc|net a payer|total a payer|montant total ttc|total general|prix ttc"
            "|montant a payer|total net ttc|importe total|total a pagar|total factura"
            "|total importe|totale documento|totale fattura|totale da pagare|totale a pagare"
            "|netto a pagare|totale dovuto|total geral|valor total|total da fatura|valor a pagar"
            "|total documento|totaal te betalen|te betalen|totaal incl btw|totaal inclusief btw"
            "|totaalbedrag|jumlah besar|jumlah perlu dibayar|factuurbedrag|total price incl"
            "|gross total|total gross|total gross amount|gross amount|total rm|total amount rm"
            "|total sales rm|summe inkl|gesamtpreis inkl|gesamt inkl|gesamtpreis|total eur"
            "|gesamtbruttobetrag|bruttosumme|betrag inkl|total inkl|total inkl mwst"
            "|amount to be paid|total to be paid|to be paid|total euro|gesamtbetrag brutto"
            "|current charges|total current charges|current bill amount|current bill"
            "|charges this period|total charges this period|total new charges|new charges"
            "|beitrag inklusive|beitrag inkl|jahresbeitrag inklusive|jahresbeitrag inkl"
            "|monatsbeitrag inklusive|monatsbeitrag inkl|jahrespramie inkl|pramie inklusive"
            "|pramie inkl|gesamtpramie"
            "|premium including|premium incl|cotisation ttc|prime ttc"
        ),
        0.85: (
            "zahlbetrag|due|pay|amount incl gst|amt incl gst|zu zahlender betrag|due payable"
            "|total amount|total amt|total sales|total bill|jumlah|totaal|totale|amount due"
            "|gesamt|total incl|total including|total inclusive|total usd|total inr|total gbp"
            "|total charges"
        ),
        0.75: (
            "total|summe|brutto|ttc|balance due|net amount|nett amt|nett|net amt|montant total"
            "|solde|solde a payer|balance to pay|a pagar|zu zahlen|saldo|subtotal incl"
            "|sub total incl gst|sum|total price|falliger betrag|offener betrag|new balance"
            "|total outstanding|zu zahlender beitrag|zu zahlende pramie|restbetrag|rest a payer"
            "|reste a payer|balance payable|net due"
        ),
        0.4: "amount|betrag|montant|importe|amt",
    },
    "taxable_amount": {
        1.0: (
            "taxable value|taxable amount|rechnungssumme ohne ust|summe ohne ust|summe ohne mwst"
            "|net amout|tot taxable amt|tot taxable|total taxable value|total taxable amount"
            "|taxable amt|total before tax|amount before tax|total amount before tax"
            "|total excl gst|total excluding gst|total excl vat|total excl tax|total ex vat"
            "|total excluding vat|total net|net total excl|total exc gst|total exclude gst"
            "|total sales excluding gst|summe netto|nettobetrag|netto|gesamt netto"
            "|rechnungssumme netto|nettosumme|netto summe|total ht|montant ht|total net ht"
            "|base ht|total hors taxes|montant total ht|base imponible|imponibile"
            "|totale imponibile|base imponivel|totaal excl btw|totaal exclusief btw"
            "|total sales excl gst|total without tax|gesamtbetrag netto|nettogesamtbetrag"
            "|steuerbasisbetrag|summe nettobetrag|total excl|total exkl|total exkl mwst|subtotaal"
            "|total exclusive"
            "|total netto|gesamtbeitrag|steuerpflichtiger betrag|netto gesamt"
            "|bemessungsgrundlage|sub total excl gst|excluded gst sub total|net value"
            "|total net amount|net subtotal|assessable value|total assessable value|taxable"
            "|warenwert|nettowert|net goods|goods total|total goods|goods value"
        ),
        0.8: (
            "positionssumme|net|net total|sub total|subtotal|sub ttl|zwischensumme|sous total"
            "|total lines|suma|base|summe positionen|subtotal amount|sub total amount"
            "|total s imposto|totale netto|items total|positionssumme"
        ),
    },
    "cgst_amount": {
        1.0: "cgst|central tax|central gst|cgst amount|output cgst|add cgst|c gst|total cgst",
    },
    "sgst_amount": {
        1.0: (
            "sgst|utgst|state tax|state gst|sgst amount|output sgst|add sgst|sgst utgst|ut gst"
            "|s gst|sgst ugst|ugst|total sgst"
        ),
    },
    "igst_amount": {
        1.0: "igst|integrated tax|integrated gst|igst amount|output igst|add igst|total igst",
    },
    "cess_amount": {
        1.0: "cess|cess amount|compensation cess|gst cess|total cess",
    },
    "tax_amount": {
        1.0: (
            "total gst|vat total|ust gesamt|mwst gesamt|steuerbetrag in|total tax"
            "|total tax amount|tax amount|gst amount|vat amount|total vat|tax total"
            "|total gst amount|umsatzsteuer|mehrwertsteuer|mwst|ust|zzgl ust|zzgl mwst"
            "|zuzugl ust|mwst betrag|zuzuglich ust|steuerbetrag|summe ust|summe mwst"
            "|summe umsatzsteuer|steuersumme|ust betrag|versicherungsteuer|versicherungssteuer"
            "|umsatzsteuerbetrag|steuern gesamt|gesamt steuer|steuer|total tva|montant tva|tva"
            "|total taxes|total taxe|iva|cuota iva|importe iva|totale iva|imposta|total iva|btw"
            "|btw bedrag|totaal btw|sales tax|add gst|gst total|service tax|sst amount"
            "|gst payable|total sst|plus vat|add vat|tax|vat|gst|sst|hst|pst|qst|vat total|cukai"
            "|total gst rm|gst 6|total amount of tax|imposto|zzgl|tax gst|total imposta"
        ),
    },
    "round_off": {
        1.0: (
            "round off|rounding|rounding adjustment|rounding adj|rounded off|roundoff|r off"
            "|round adj|rnd adj|rounding adjust|bundaran|pelarasan|rundung|arrondi|round|roundg"
            "|rounding off|rounding amount|less round off|add round off|rouding|redondeo"
            "|arrotondamento|roundings"
        ),
    },
    "other_amount": {
        1.0: (
            "accepted total|total included gst|total included|gesamtbetrag der zuschlage"
            "|gesamtbetrag der abschlage|erhaltene anzahlungen|anzahlungen|bruttopreis"
            "|nettopreis|cash|change|tendered|tender|amount tendered|cash tendered|paid"
            "|amount paid|deposit|visa|mastercard|master card|debit card|credit card|card"
            "|discount|total discount|less discount|disc|total qty|total quantity|qty|tot qty"
            "|total item|total items|total saving|total savings|you saved|you save|points"
            "|previous balance|balance b f|change due|payment|bar|gegeben|ruckgeld|rendu|especes"
            "|espece|efectivo|cambio|contante|contanti|resto|contant|wisselgeld|tunai|baki"
            "|carriage|postage|versand|versandkosten|frais de port|port|livraison|portokosten"
            "|freight|shipping|delivery|delivery charge|packing|tip|gratuity|service charge"
            "|tax summary|gst summary|gst analysis|tax code|item count|no of items|total weight"
            "|total gst summary|acompte|anzahlung|skonto|rabatt|abschlag|zuschlag|rabattbetrag"
            "|basisbetrag|total points|rebate|shipping & handling|s h|handling|carte"
            "|carte bancaire|cheque|svc chg|service chg|tips|total disc|loyalty|voucher"
            "|unit price|price|rate|insurance|total outlet|total no of items|tax amount in words"
            "|amount in words|total in words|amount chargeable in words|total pcs|bank name"
            "|geldig|grundbetrag|kautionsbetrag|saved|e wallet|touch n go|grabpay|boost"
            "|total skus|total nos|total units|rounded by|suggested tip|total savings"
            "|balance brought forward|brought forward|balance forward|opening balance|arrears"
            "|outstanding balance|previous outstanding|previous amount due|prior balance|past due"
            "|amount overdue|overdue amount|last bill|previous bill|unpaid balance|total arrears"
            "|previous dues|previous due|arrear|old balance|ruckstand|ruckstande|offene forderung"
            "|ausstehende forderung|ausstehende forderungen|offene forderungen|alter saldo"
            "|saldovortrag|offener betrag aus|ruckstandiger betrag|solde anterieur"
            "|solde precedent|report solde|impaye|impayes|arrieres|saldo anterior|saldo pendiente"
            "|saldo precedente|openstaand saldo|vorig saldo|tunggakan|baki terdahulu|baki lama"
            "|baki tertunggak|outstanding invoices"
            "|deposit paid|deposit received|less deposit|advance|advance paid|advance received"
            "|less advance|less advance received|advance payment|prepaid|prepaid amount|prepayment"
            "|paid to date|payments received|payment received|already paid|less paid|less payment"
            "|less payments|payments to date|credit applied|payments|abschlagszahlung|vorauszahlung"
            "|bereits gezahlt|bereits bezahlt|abzuglich anzahlung|acompte verse|acomptes verses"
            "|acompte regle|deja paye|deja regle|anticipo|acconto|pagado|reeds betaald|aanbetaling"
            "|sinal|amount received|received"
        ),
    },
}

PARTIES: Phrases = {
    "recipient": {
        1.0: (
            "bill to|billed to|bill to party|buyer|buyer bill to|details of receiver|receiver"
            "|details of receiver billed to|details of receiver bill to|customer|customer name"
            "|client|sold to|customer details|buyer details|billing address|invoice to"
            "|invoiced to|name of customer|recipient|details of recipient|recipient name"
            "|name of recipient|party|party name|buyer name|customer name & address"
            "|billed to buyer|party details|name & address of recipient|m s|messrs|purchaser"
            "|attention to|rechnungsempfanger|rechnung an|rechnungsadresse|rechnungsanschrift"
            "|kaufer|kunde|leistungsempfanger|kaufer leistungsempfanger|auftraggeber|facture a"
            "|client facture|destinataire|adresse de facturation|adresse facturation|acheteur"
            "|facturado a|cliente|facturar a|datos del cliente|destinatario|spett le|spettabile"
            "|intestatario|dati cliente|exmo sr|faturar a|factuuradres|klant|factuur aan|aan"
            "|kepada|guest name|guest|bill to name|issued to|charge to|invoice for|facture pour"
            "|dirigido a"
            "|cessionario committente|details of buyer|consignee bill to|sold to party|patient"
            "|patient name|name of patient|student name|name of student|member name"
        ),
        0.6: "to|name|an",
    },
    "consignee": {
        1.0: (
            "ship to|shipped to|consignee|consignee ship to|details of consignee"
            "|delivery address|details of consignee shipped to|deliver to|shipping address"
            "|delivered to|ship to party|lieferanschrift|lieferadresse|warenempfanger"
            "|abweichender warenempfanger|adresse de livraison|livre a|direccion de envio"
            "|direccion de entrega|indirizzo di consegna|luogo di consegna|afleveradres"
            "|abweichender zahlungsempfanger|zahlungsempfanger|morada de entrega|send to"
            "|steuerbevollmachtigter des verkaufers|livraison a|details of consignee ship to"
            "|ship to address|deliver to address|place of delivery|enviar a|dispatch to"
        ),
    },
    "supplier": {
        1.0: (
            "seller|supplier|exporter|sold by|bill from|billed by|vendor|issued by|invoice from"
            "|supplier name|details of supplier|seller details|supplier details|seller name"
            "|from seller|from supplier|rechnungsersteller|rechnungssteller|verkaufer|lieferant"
            "|leistungserbringer|vermieter|absender|fournisseur|vendeur|emetteur|prestataire"
            "|emisor|proveedor|vendedor|fornitore|cedente prestatore|fornecedor|emitente"
            "|verkoper|leverancier|pembekal|service provider|company name|remit to"
            "|details of seller|pay to|name of supplier|make cheques payable to"
            "|make all checks payable to"
        ),
        0.7: "from|de",
    },
}

EWAY: Phrases = {
    "ewb_number": {
        1.0: (
            "e way bill no|eway bill no|e way bill number|ewb no|unique no|eway bill number|ebn"
            "|e waybill no|unique number|eway bill"
        ),
    },
    "generated_at": {
        1.0: (
            "generated date|e way bill date|eway bill date|ewb date|entered date|generated on"
            "|date of generation|e way bill generated date|generated date & time"
            "|eway bill generated on|generation date|generated at|ewb generated date"
            "|date & time of generation"
        ),
    },
    "generated_by": {
        1.0: "generated by|ewb generated by|eway bill generated by",
    },
    "valid_until": {
        1.0: (
            "valid until|valid upto|valid up to|valid till|validity|valid to|validity upto"
            "|eway bill valid upto|ewb valid upto|validity of ewb|expires on|valid till date"
            "|expiry date"
        ),
    },
    "valid_from": {
        1.0: "valid from",
    },
    "supplier_gstin": {
        1.0: (
            "gstin of supplier|supplier gstin|gstin of consignor|from gstin|consignor gstin"
            "|gstin of sender|gstin supplier|gstin of the supplier|dispatcher gstin"
        ),
    },
    "recipient_gstin": {
        1.0: (
            "gstin of recipient|recipient gstin|gstin of consignee|to gstin|consignee gstin"
            "|gstin recipient|gstin of the recipient|gstin of receiver|gstin of buyer"
        ),
    },
    "dispatch_from": {
        1.0: (
            "place of dispatch|dispatch from|dispatched from|from place|place of despatch"
            "|ship from|despatch from|place of departure|from address"
        ),
    },
    "deliver_to": {
        1.0: (
            "place of delivery|ship to|deliver to|delivery to|to place|place of destination"
            "|delivery at|place of destination|to address|destination"
        ),
    },
    "document_number": {
        1.0: (
            "document no|doc no|document number|invoice no|document details no|invoice number"
            "|tax invoice no|bill no|challan no|doc number"
        ),
    },
    "document_type": {
        1.0: "document type|doc type|type of document|document typ",
    },
    "document_details": {
        1.0: "document details|document detail|doc details|document no & date|document",
    },
    "document_date": {
        1.0: "document date|doc date|invoice date|date of document|challan date",
    },
    "transaction_type": {
        1.0: "transaction type|supply type|type|trans type|sub type|sub supply type",
    },
    "total_invoice_value": {
        1.0: (
            "total inv amt|total invoice value|total invoice amount|value of goods"
            "|total inv value|invoice value|total inv amount|total value of goods"
            "|consignment value|tot inv amt|total inv|value of consignment|inv value"
            "|total amount"
        ),
    },
    "hsn_code": {
        1.0: "hsn code|hsn|main hsn code|main hsn|hsn sac",
    },
    "reason": {
        1.0: (
            "reason for transportation|reason|reason for transport|purpose|transport reason"
            "|purpose of transportation"
        ),
    },
    "transport_mode": {
        1.0: "mode of transport|transport mode|mode|mode of transportation|transport by",
    },
    "vehicle_number": {
        1.0: (
            "vehicle no|vehicle number|vehicle trans doc no|vehicle|truck no|lorry no"
            "|vehicle trans doc no & dt|vehicle no & date"
        ),
    },
    "transporter_id": {
        1.0: (
            "transporter id|transporter id & name|transporter gstin|transin|trans id"
            "|gstin of transporter|transporter|transporter details"
        ),
    },
    "distance_km": {
        1.0: (
            "approx distance|approximate distance|distance|approx distance in km|distance in km"
            "|distance km|approx dist|appx distance|total distance"
        ),
    },
    "other_amount": {
        1.0: (
            "total taxable amount|total taxable amt|taxable amount|cgst amount|sgst amount"
            "|igst amount|cgst amt|sgst amt|igst amt|cess amt|cess non advol amt|other amt"
            "|other amount|total tax|total tax ble amt|tot tax ble amt|taxable amt|cess amount"
            "|cess non advol|other charges"
        ),
    },
    "other_text": {
        1.0: (
            "portal|transport doc no|transporter doc no|trans doc no|transporter name"
            "|name of transporter|part a|part b|goods details|address details"
            "|transportation details|from|cewb no|entered by|multi veh info|e way bill details"
            "|vehicle details|product name & desc|transporter doc date|trans doc date"
            "|transport document no|irn|ack no|ack date|transport document date"
        ),
    },
}

COLUMNS: Phrases = {
    "serial": {
        1.0: (
            "s no|sl no|sr no|sr|sl|#|no|pos|nr|item no|sno|line|s n|pos nr|lfd nr|sl #|no of|sn"
        ),
    },
    "description": {
        1.0: (
            "description|item|items|particulars|product|description of goods|goods"
            "|item description|description of goods services|description of services"
            "|product description|item name|details|product name|product service|service"
            "|services|item details|name of product|article|description|name of product service"
            "|product name & desc|goods description|commodity|material|bezeichnung|beschreibung"
            "|artikel|artikelbezeichnung|artikelbeschreibung|leistung|produkt"
            "|leistungsbeschreibung|position|prestation|prestations|leistungen|tatigkeit|designation|libelle|produit|descripcion|concepto"
            "|articulo|descrizione|prodotto|descricao|artigo|omschrijving|item desc|keterangan"
            "|desc|code desc|description & specification|product name description"
            "|description of goods & services|detail"
        ),
    },
    "hsn_code": {
        1.0: "hsn|sac|hsn sac|hsn code|hsn sac code|sac code|hsn no|hsn & sac|hsn sac no",
    },
    "quantity": {
        1.0: (
            "qty|quantity|menge|anzahl|quantite|qte|cantidad|cant|quantita|qta|quantidade|qtd"
            "|aantal|kuantiti|nos|billed qty|qnty|hours|hrs|stunden|u qty|quantity unit|qty unit"
            "|uds|qty uom|std|tage|days|heures|jours|nombre|ore|no of units"
        ),
    },
    "unit": {
        1.0: (
            "unit|uom|per|einheit|unite|unidad|um|eenheid|unidade|units|mass einheit"
            "|meng einheit|mengeneinheit|uqc|me|un"
        ),
    },
    "unit_price": {
        1.0: (
            "rate|price|unit price|einzelpreis|preis|prix unitaire|prix|p u|pu|precio"
            "|precio unitario|prezzo|prezzo unitario|preco|preco unitario|prijs|unit cost"
            "|unit rate|cost|rsp|u price|e preis|nettopreis|einzel|stuckpreis|p u ht|pu ht"
            "|prix unit|price unit|rate item|stukprijs|preis einheit|harga|price per unit"
            "|rate per unit|prix unitaire ht|einzelpreis netto|price item|list price"
            "|unit price ex vat|u p|ep|e p|tarief|basic rate|tarif|ansatz|satz|stundensatz"
            "|tagessatz|day rate|hourly rate|taux horaire|price uom"
        ),
    },
    "discount": {
        1.0: (
            "discount|disc|rabatt|remise|rem|descuento|dto|sconto|desconto|korting|less|disc amt"
            "|discount amount|disc %|discount %|dis"
        ),
    },
    "taxable_amount": {
        1.0: (
            "taxable|taxable value|taxable amount|taxable amt|taxable val|net value|net amt"
            "|netto|assessable value|taxable rs|net|nettobetrag|nettowert|net amount|total excl"
            "|amount before tax|net price|taxable amount rs"
        ),
    },
    "tax_rate": {
        1.0: (
            "gst|gst %|gst rate|tax rate|tax %|vat|vat %|vat rate|ust|ust %|mwst|mwst %|tva|iva"
            "|btw|tax|rate %|tax code|tva %|iva %|btw %|taux tva|ust satz|gst rate %"
            "|tax rate c s i|steuer|taxe|sales tax|mwst satz|steuersatz|tax rate %|%"
        ),
    },
    "cgst": {
        1.0: "cgst|cgst amt|cgst amount|central tax",
    },
    "sgst": {
        1.0: "sgst|sgst amt|sgst amount|sgst utgst|utgst|state tax|utgst amt",
    },
    "igst": {
        1.0: "igst|igst amt|igst amount|integrated tax",
    },
    "cgst_rate": {
        1.0: "cgst %|cgst rate|central tax rate",
    },
    "sgst_rate": {
        1.0: "sgst %|sgst rate|state tax rate|sgst utgst %|utgst %|utgst rate",
    },
    "igst_rate": {
        1.0: "igst %|igst rate|integrated tax rate",
    },
    "cess": {
        1.0: "cess|cess amt|cess amount|cess %|cess rate",
    },
    "tax_amount": {
        1.0: "tax amount|tax amt|gst amount|gst amt|vat amount|vat amt|total tax|montant tva",
    },
    "total_amount": {
        1.0: (
            "amount|total|line total|entgelt|betrag|gesamt|gesamtpreis|summe|montant|total ht"
            "|prix ht|importe|importo|totale|valor|bedrag|totaal|amt|total amount|total amt"
            "|montant ht|gesamtbetrag|total price|value|amount rs|total rs|amount inr"
            "|total value|prix total|precio total|ext price|extended price|extension|price total"
            "|gesamt netto|netto gesamt|jumlah|total ttc|positionsbetrag|g preis|amount rm"
            "|total rm|amount incl tax|total incl|line amount|net total|subtotal|amount due"
            "|valore|amount usd|amount eur|amount gbp|total inr|prix total ht|total eur"
            "|warenwert|gross|gross amount|gp|g p|goods value|line value"
        ),
    },
}
