// Where `tandem simulate` answers: the line of JSON it printed when it was ready.
export const addresses = JSON.parse(process.env.TANDEM_ADDRESSES);
